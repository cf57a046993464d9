#include "common/batch/batch_json_services.h"

#include <set>
#include <utility>

#include "common/batch/batch_json.h"
#include "common/http/url.h"

namespace chorus {
namespace {

using Checker = BatchChecker;
using json_checks::IntegerRange;
using json_checks::kNatural31;
using json_checks::Path;
using json_checks::RealRange;

constexpr IntegerRange kAge{0, std::chrono::milliseconds{limits::kServiceCheckAge}.count()};
constexpr RealRange kCheckInterval{1, 86'400};

// One check on its way in; `kept` is false once something is wrong with it.
struct Reading {
    AgentServiceCheck check;
    bool kept = true;
};

void leave_out(Reading& reading, const Path& at, std::string code, const std::string& message,
               JsonValue value, Checker& check) {
    check.warn(at, std::move(code), message + "; the check is left out", value);
    reading.kept = false;
}

void read_name(JsonValue value, const Path& at, Reading& out, Checker& check) {
    const std::string_view text = check.text(value, at, std::string_view::npos);
    if (!value.is_string()) return;
    if (!is_service_name(text)) {
        return leave_out(out, at, "string_pattern_mismatch",
                         "String should have at most " + std::to_string(limits::kServiceNameBytes) +
                             " bytes and match pattern '" + std::string(kServiceNamePattern) + "'",
                         value, check);
    }
    out.check.name = text;
}

void read_endpoint(JsonValue value, const Path& at, Reading& out, Checker& check) {
    const std::string_view text = check.text(value, at, std::string_view::npos);
    if (!value.is_string()) return;
    const auto url = parse_url(text);
    const bool known = url && !url->host.empty() &&
                       (url->scheme == "http" || url->scheme == "https" || url->scheme == "tcp");
    if (text.size() > limits::kServiceUrlBytes) {
        leave_out(
            out, at, "string_too_long",
            "String should have at most " + std::to_string(limits::kServiceUrlBytes) + " bytes",
            value, check);
    } else if (!known) {
        leave_out(out, at, "url_parsing", "Input should be an http, https or tcp URL", value,
                  check);
    } else if (!url->user.empty() || !url->password.empty() ||
               text.find_first_of("?#") != std::string_view::npos) {
        leave_out(out, at, "url_parsing", "Input should have no user, password or query", value,
                  check);
    }
    out.check.endpoint = text;
}

void read_status(JsonValue value, const Path& at, Reading& out, Checker& check) {
    const std::string_view text = check.text(value, at, std::string_view::npos);
    if (!value.is_string()) return;
    if (const auto status = service_status_from_name(text)) {
        out.check.status = *status;
    } else {
        leave_out(out, at, "enum", "Input should be 'healthy', 'unhealthy' or 'timeout'", value,
                  check);
    }
}

// nullopt: it is left out.
std::optional<AgentServiceCheck> read_check(simdjson::dom::object object, const Path& at,
                                            Checker& check) {
    Reading out;
    bool has_name = false, has_endpoint = false, has_status = false, has_age = false,
         has_interval = false;
    for (const auto [key, item] : object) {
        const Path here = at / key;
        if (key == "name") {
            has_name = true;
            read_name(item, here, out, check);
        } else if (key == "endpoint") {
            has_endpoint = true;
            read_endpoint(item, here, out, check);
        } else if (key == "status") {
            has_status = true;
            read_status(item, here, out, check);
        } else if (key == "age_ms") {
            has_age = true;
            const auto age = check.lenient_integer(item, here, kAge);
            out.kept = out.kept && age;
            out.check.age = std::chrono::milliseconds{age.value_or(0)};
        } else if (key == "interval_seconds") {
            has_interval = true;
            const auto interval = check.lenient_real(item, here, kCheckInterval);
            out.kept = out.kept && interval;
            out.check.interval_seconds = interval.value_or(60);
        } else if (key == "response_time_ms" && !item.is_null()) {
            const auto number = check.lenient_integer(item, here, kNatural31);
            if (number) out.check.response_time_ms = static_cast<std::int32_t>(*number);
        } else if (key == "error" && !item.is_null()) {
            out.check.error = check.cut_text(item, here, limits::kServiceErrorBytes);
        }
    }
    for (const auto& [given, name] :
         {std::pair{has_name, "name"}, std::pair{has_endpoint, "endpoint"},
          std::pair{has_status, "status"}, std::pair{has_age, "age_ms"},
          std::pair{has_interval, "interval_seconds"}}) {
        if (!given) check.missing(at / name);
    }
    return out.kept ? std::optional{std::move(out.check)} : std::nullopt;
}

}  // namespace

void read_service_checks(JsonValue value, const Path& at, std::vector<AgentServiceCheck>& out,
                         Checker& check) {
    if (value.is_null()) return;
    const auto list = check.array(value, at);
    if (!list) return;
    const std::size_t most = check.cut_list(value, at, limits::kServiceChecksPerBatch);
    std::set<std::pair<std::string, std::chrono::milliseconds>> seen;
    std::size_t index = 0;
    for (const JsonValue item : *list) {
        if (check.full() || index == most) return;
        const Path here = at / index++;
        const auto object = check.object(item, here);
        auto read = object ? read_check(*object, here, check) : std::nullopt;
        if (!read) continue;
        if (!seen.emplace(read->name, read->age).second) {
            check.warn(here, "duplicate_item",
                       "A check (name, age_ms) should be given once; the first is kept", item);
            continue;
        }
        out.push_back(std::move(*read));
    }
}

}  // namespace chorus
