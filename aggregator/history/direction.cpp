#include "aggregator/history/direction.h"

namespace chorus::store {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

}  // namespace

std::string with_direction(std::string_view sql, bool ascending) {
    std::string text{sql};
    replace_all(text, "@DIRECTION@", ascending ? "ASC" : "DESC");
    replace_all(text, "@BEHIND@", ascending ? ">" : "<");
    return text;
}

void add_cursor(Parameters& parameters, const std::optional<SampleCursor>& after) {
    if (after) {
        parameters.timestamp(after->time).int4(after->host_id).int4(after->position);
    } else {
        parameters.timestamp(std::nullopt).int4(std::nullopt).int4(std::nullopt);
    }
}

}  // namespace chorus::store
