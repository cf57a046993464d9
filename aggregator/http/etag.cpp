#include "aggregator/http/etag.h"

#include "common/text.h"

namespace chorus::http {
namespace {

std::string_view opaque(std::string_view tag) {
    return tag.starts_with("W/") ? tag.substr(2) : tag;
}

}  // namespace

bool etag_listed(std::string_view if_none_match, std::string_view etag) {
    for (const auto part : split(if_none_match, ',')) {
        const auto given = trim(part);
        if (given == "*" || (!given.empty() && opaque(given) == opaque(etag))) return true;
    }
    return false;
}

}  // namespace chorus::http
