// Typed query and path parameters. Collects all faults, in FastAPI's words.
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

// What happens to query parameters that the handler did not read.
enum class Unknown {
    refused,  // so that a misspelt filter does not answer about everything
    ignored,  // on endpoints of the original service, whose clients may rely on it
};

// Read everything that the handler wants, then call throw_if_bad(). The values are meaningful only
// if that did not throw.
class Parameters {
  public:
    explicit Parameters(const Request& request, Unknown unknown = Unknown::refused)
        : request_(request), unknown_(unknown) {}

    std::int64_t integer(std::string_view name, std::int64_t fallback, std::int64_t least,
                         std::int64_t most);
    std::optional<std::int64_t> optional_integer(std::string_view name, std::int64_t least,
                                                 std::int64_t most);
    // The value under the first of the names that was given, because `skip` and `offset` mean the
    // same.
    std::int64_t integer_of(std::initializer_list<std::string_view> names, std::int64_t fallback,
                            std::int64_t least, std::int64_t most);
    std::optional<std::string> text(std::string_view name, std::size_t max_bytes);
    // Every value of a repeatable parameter, at most `max_count`. Comma lists are split.
    std::vector<std::string> texts(std::string_view name, std::size_t max_bytes,
                                   std::size_t max_count);
    // Every NAME=VALUE of a repeatable parameter, as in `label=env=prod`. Commas are text here.
    std::vector<NameValue> pairs(std::string_view name, std::size_t max_bytes,
                                 std::size_t max_count);
    // Every key[NAME]=value.
    std::vector<NameValue> keyed(std::string_view name, std::size_t max_bytes,
                                 std::size_t max_count);
    bool boolean(std::string_view name, bool fallback);
    std::optional<Timestamp> timestamp(std::string_view name);
    // One of `choices`, in this order shown to the client.
    std::optional<std::string> choice(std::string_view name,
                                      const std::vector<std::string>& choices);
    // A host name in the path or, if `in_query`, in the query. It has 1–255 bytes of letters,
    // digits and `._-`, so that it is safe in keys and logs.
    std::string path_hostname(std::string_view name);
    std::optional<std::string> hostname(std::string_view name);
    Uuid path_uuid(std::string_view name);

    void fault(FieldError error) { errors_.add(std::move(error)); }
    // For the faults of the body, which are collected as well.
    FieldErrors& faults() { return errors_; }
    // Throws ValidationError. Parameters that nobody asked for until now are unknown.
    void throw_if_bad();

  private:
    void refuse_unknown();
    std::optional<std::string_view> single(std::string_view name);
    void check_count(std::string_view name, std::size_t count, std::size_t most);
    void check_text(std::string_view name, std::string_view value, std::size_t max_bytes);
    std::string check_hostname(std::string_view where, std::string_view name,
                               std::string_view value);

    const Request& request_;
    const Unknown unknown_;
    std::vector<std::string> known_;  // every name that was asked for
    FieldErrors errors_;
};

// For handlers that take no parameters at all.
void refuse_parameters(const Request& request);

// Faults that both parameters and bodies can have, with FastAPI's type and text.
FieldError error_below(Location location, std::int64_t least);   // greater_than_equal
FieldError error_above(Location location, std::int64_t most);    // less_than_equal
FieldError error_too_long(Location location, std::size_t most);  // string_too_long
FieldError error_pattern(Location location, std::string pattern);
FieldError error_missing(Location location);

}  // namespace chorus::http
