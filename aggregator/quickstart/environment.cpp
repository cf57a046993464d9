#include "aggregator/quickstart/environment.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "common/text.h"

namespace chorus::quickstart {
namespace {

bool holds(const std::vector<std::string>& names, std::string_view name) {
    constexpr std::string_view file = "_file";
    const std::string lower = to_lower(name);
    const std::string_view whole = lower;
    return std::any_of(names.begin(), names.end(), [&](const std::string& one) {
        const std::string wanted = to_lower(one);
        return whole == wanted || (whole.ends_with(file) && whole.size() > file.size() &&
                                   whole.substr(0, whole.size() - file.size()) == wanted);
    });
}

}  // namespace

std::vector<std::string> settings_of(const std::vector<std::string>& environment,
                                     const std::vector<std::string>& plain_names,
                                     const std::vector<std::string>& taken) {
    std::vector<std::string> found;
    for (const auto& variable : environment) {
        const std::string_view name = std::string_view(variable).substr(0, variable.find('='));
        const bool ours = to_lower(name).starts_with("chorus_") || holds(plain_names, name);
        if (ours && !holds(taken, name)) found.push_back(variable);
    }
    return found;
}

std::vector<std::string> own_environment() {
    std::vector<std::string> all;
    for (char** variable = environ; *variable != nullptr; ++variable) all.emplace_back(*variable);
    return all;
}

}  // namespace chorus::quickstart
