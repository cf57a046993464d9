// Typed query and path parameters; collects every fault in FastAPI's words before it complains.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/http/request.h"
#include "aggregator/http/response.h"
#include "common/timestamp.h"
#include "common/uuid.h"

namespace chorus::http {

// Read everything the handler wants, then throw_if_bad(); values read before are only meaningful if
// that did not throw. Unknown parameters are ignored.
class Parameters {
  public:
    explicit Parameters(const Request& request) : request_(request) {}

    std::int64_t integer(std::string_view name, std::int64_t fallback, std::int64_t least,
                         std::int64_t most);
    std::optional<std::int64_t> optional_integer(std::string_view name, std::int64_t least,
                                                 std::int64_t most);
    // Under the first of the names that was given: `skip` and `offset` mean the same.
    std::int64_t integer_of(std::initializer_list<std::string_view> names, std::int64_t fallback,
                            std::int64_t least, std::int64_t most);
    std::optional<std::string> text(std::string_view name, std::size_t max_bytes);
    // Every value of a repeatable parameter, comma lists split; at most `max_count` of them.
    std::vector<std::string> texts(std::string_view name, std::size_t max_bytes,
                                   std::size_t max_count);
    // Every key[NAME]=value.
    std::vector<NameValue> keyed(std::string_view name, std::size_t max_bytes,
                                 std::size_t max_count);
    bool boolean(std::string_view name, bool fallback);
    std::optional<Timestamp> timestamp(std::string_view name);
    // One of `choices`, in this order shown to the client.
    std::optional<std::string> choice(std::string_view name,
                                      const std::vector<std::string>& choices);
    // A host name in the path or, if `in_query`, in the query: 1–255 bytes of letters, digits and
    // `._-`, so that it is safe in keys and logs.
    std::string path_hostname(std::string_view name);
    std::optional<std::string> hostname(std::string_view name);
    Uuid path_uuid(std::string_view name);

    void fault(FieldError error) { errors_.add(std::move(error)); }
    void throw_if_bad() const {
        if (!errors_.empty()) throw ValidationError(errors_);
    }

  private:
    std::optional<std::string_view> single(std::string_view name);
    void check_text(std::string_view name, std::string_view value, std::size_t max_bytes);
    std::string check_hostname(std::string_view where, std::string_view name,
                               std::string_view value);

    const Request& request_;
    FieldErrors errors_;
};

// The faults both parameters and bodies can have, with FastAPI's type and text.
FieldError error_below(Location location, std::int64_t least);   // greater_than_equal
FieldError error_above(Location location, std::int64_t most);    // less_than_equal
FieldError error_too_long(Location location, std::size_t most);  // string_too_long
FieldError error_pattern(Location location, std::string pattern);
FieldError error_missing(Location location);

}  // namespace chorus::http
