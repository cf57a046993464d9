#include "aggregator/notify/top_processes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string_view>

#include "common/json/json_reader.h"

namespace chorus::notify {
namespace {

using Object = simdjson::dom::object;

constexpr std::size_t kMostProcesses = 5;

struct Figure {
    std::string_view ranked_by;
    std::string_view member;  // of the process, and of its change where that has one
    std::string_view unit;
};
constexpr std::array kFigures{
    Figure{"cpu", "cpu_percent", "% CPU"},
    Figure{"memory", "memory_mb", " MB"},
    Figure{"io", "io_bytes_per_sec", " MB/s read and written"},
    Figure{"open_files", "fd_count", " open files"},
};

// One decimal where it tells something.
std::string rounded(double value, bool with_sign = false) {
    std::array<char, 32> buffer{};
    const bool whole = std::abs(value) >= 100 || std::round(value * 10) == std::round(value) * 10;
    const char* form = with_sign ? (whole ? "%+.0f" : "%+.1f") : (whole ? "%.0f" : "%.1f");
    std::snprintf(buffer.data(), buffer.size(), form, value);
    return buffer.data();
}

std::optional<double> number(Object object, std::string_view name) {
    double value = 0;
    if (object[name].get(value) != simdjson::SUCCESS) return std::nullopt;
    return value;
}

std::string word(Object object, std::initializer_list<std::string_view> names) {
    for (const auto name : names) {
        std::string_view text;
        if (object[name].get(text) == simdjson::SUCCESS && !text.empty()) return std::string(text);
        std::int64_t id = 0;
        if (object[name].get(id) == simdjson::SUCCESS) return std::to_string(id);
    }
    return {};
}

std::string describe(Object process, const Figure& figure, bool leads) {
    const double scale = figure.ranked_by == "io" ? 1e6 : 1;
    const auto value = number(process, figure.member);
    // Of what nobody asked for a zero is no news.
    if (!value || (!leads && std::abs(*value / scale) < 0.05)) return {};
    std::string text = rounded(*value / scale) + std::string(figure.unit);
    Object change;
    if (leads && process["change"].get(change) == simdjson::SUCCESS) {
        if (const auto grown = number(change, figure.member)) {
            text += " (" + rounded(*grown / scale, true) + " in an hour)";
        }
    }
    return text;
}

bool is_new(Object process) {
    Object change;
    bool fresh = false;
    return process["change"].get(change) == simdjson::SUCCESS &&
           change["new"].get(fresh) == simdjson::SUCCESS && fresh;
}

std::string describe(Object process, const Figure& first) {
    std::string text = word(process, {"process_name", "name"});
    if (text.empty()) return text;
    if (const auto id = word(process, {"process_id", "pid"}); !id.empty()) text += " (" + id + ")";
    std::string figures = describe(process, first, true);
    for (const auto& figure : kFigures) {
        if (figure.ranked_by == first.ranked_by) continue;
        const auto told = describe(process, figure, false);
        if (!told.empty()) figures += (figures.empty() ? "" : ", ") + told;
    }
    if (!figures.empty()) text += ' ' + figures;
    if (is_new(process)) text += ", new since an hour ago";
    return text;
}

const Figure& leading_figure(const std::optional<std::string>& context) {
    JsonReader reader;
    Object object;
    try {
        if (context && reader.parse(*context).get(object) == simdjson::SUCCESS) {
            const auto ranked_by = word(object, {"ranked_by"});
            for (const auto& figure : kFigures) {
                if (figure.ranked_by == ranked_by) return figure;
            }
        }
    } catch (const JsonError&) {
        // A context that cannot be read says nothing.
    }
    return kFigures.front();
}

}  // namespace

std::string top_processes(const store::Notification& notification) {
    const Figure& first = leading_figure(notification.context);
    JsonReader reader;
    std::string text;
    try {
        Object metadata;
        simdjson::dom::array list;
        if (reader.parse(notification.alert.metadata_json).get(metadata) != simdjson::SUCCESS ||
            metadata["top_processes"].get(list) != simdjson::SUCCESS) {
            return text;
        }
        std::size_t count = 0;
        for (const auto element : list) {
            Object process;
            if (element.get(process) != simdjson::SUCCESS) continue;
            const auto one = describe(process, first);
            if (one.empty()) continue;
            text += (text.empty() ? "" : "; ") + one;
            if (++count == kMostProcesses) break;
        }
    } catch (const JsonError&) {
        // Metadata is whatever clients stored: what cannot be read is left out.
    }
    return text;
}

}  // namespace chorus::notify
