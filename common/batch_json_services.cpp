#include "common/batch_json_services.h"

#include "common/batch_json.h"
#include "common/url.h"

namespace chorus {
namespace {

using json_checks::Checker;
using json_checks::IntegerRange;
using json_checks::kNatural31;
using json_checks::Path;
using json_checks::RealRange;

constexpr IntegerRange kAge{0, std::chrono::milliseconds{limits::kServiceCheckAge}.count()};
constexpr RealRange kInterval{1, 86'400};

std::string read_name(JsonValue value, const Path& at, Checker& check) {
    std::string_view raw;
    const std::string_view text = check.text(value, at, limits::kServiceNameBytes);
    const bool refused = value.get(raw) != simdjson::SUCCESS || text.size() != raw.size();
    if (!refused && !is_service_name(text)) {
        check.fail(at, "string_pattern_mismatch",
                   "String should match pattern '" + std::string(kServiceNamePattern) + "'",
                   {{"pattern", std::string(kServiceNamePattern)}});
    }
    return std::string(text);
}

std::string read_endpoint(JsonValue value, const Path& at, Checker& check) {
    std::string_view raw;
    const std::string_view text = check.text(value, at, limits::kServiceUrlBytes);
    const bool refused = value.get(raw) != simdjson::SUCCESS || text.size() != raw.size();
    if (refused) return {};
    const auto url = parse_url(text);
    const bool known = url && !url->host.empty() &&
                       (url->scheme == "http" || url->scheme == "https" || url->scheme == "tcp");
    if (!known) {
        check.fail(at, "url_parsing", "Input should be an http, https or tcp URL");
    } else if (!url->user.empty() || !url->password.empty() ||
               text.find_first_of("?#") != std::string_view::npos) {
        check.fail(at, "url_parsing", "Input should have no user, password or query");
    }
    return std::string(text);
}

ServiceStatus read_status(JsonValue value, const Path& at, Checker& check) {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) {
        if (const auto status = service_status_from_name(text)) return *status;
    }
    check.fail(at, "enum", "Input should be 'healthy', 'unhealthy' or 'timeout'");
    return ServiceStatus::unhealthy;
}

AgentServiceCheck read_check(simdjson::dom::object object, const Path& at, Checker& check) {
    AgentServiceCheck out;
    bool named = false, located = false, judged = false, aged = false, paced = false;
    for (const auto [key, item] : object) {
        const Path here = at / key;
        if (key == "name") {
            named = true;
            out.name = read_name(item, here, check);
        } else if (key == "endpoint") {
            located = true;
            out.endpoint = read_endpoint(item, here, check);
        } else if (key == "status") {
            judged = true;
            out.status = read_status(item, here, check);
        } else if (key == "age_ms") {
            aged = true;
            out.age = std::chrono::milliseconds{check.integer(item, here, kAge).value_or(0)};
        } else if (key == "interval_seconds") {
            paced = true;
            out.interval_seconds = check.real(item, here, kInterval).value_or(60);
        } else if (key == "response_time_ms" && !item.is_null()) {
            const auto number = check.integer(item, here, kNatural31);
            if (number) out.response_time_ms = static_cast<std::int32_t>(*number);
        } else if (key == "error" && !item.is_null()) {
            out.error = check.text(item, here, limits::kServiceErrorBytes);
        }
    }
    for (const auto& [there, name] :
         {std::pair{named, "name"}, std::pair{located, "endpoint"}, std::pair{judged, "status"},
          std::pair{aged, "age_ms"}, std::pair{paced, "interval_seconds"}}) {
        if (!there) check.missing(at / name);
    }
    return out;
}

}  // namespace

void read_service_checks(JsonValue value, const Path& at, std::vector<AgentServiceCheck>& out,
                         Checker& check) {
    if (value.is_null()) return;
    const auto list = check.array(value, at);
    if (!list) return;
    if (list->size() > limits::kServiceChecksPerBatch) {
        return check.too_long(at, limits::kServiceChecksPerBatch);
    }
    for (const JsonValue item : *list) {
        if (check.full()) return;
        const Path here = at / out.size();
        const auto object = check.object(item, here);
        out.push_back(object ? read_check(*object, here, check) : AgentServiceCheck{});
    }
}

}  // namespace chorus
