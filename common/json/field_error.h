// What is wrong with a request, in the words FastAPI uses, so that clients of such services
// understand it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace chorus {

// One step of a location: a name ("body", "hostname") or an index into a list.
using LocationStep = std::variant<std::string, std::int64_t>;
using Location = std::vector<LocationStep>;

// A limit the message speaks of, e.g. {"le", 1000} or {"pattern", "^[a-z]+$"}.
using ErrorContext =
    std::vector<std::pair<std::string, std::variant<std::string, std::int64_t, double>>>;

struct FieldError {
    std::string type;  // "missing", "uuid_parsing", "less_than_equal", ...
    Location location;
    std::string message;  // never contains the submitted value
    ErrorContext context{};
};

// All faults of one request, or all that was left out of it. At most `kMaximum` are kept, so that a
// hostile body cannot make the answer larger than itself.
class FieldErrors {
  public:
    static constexpr std::size_t kMaximum = 20;

    void add(FieldError error) {
        if (errors_.size() < kMaximum) errors_.push_back(std::move(error));
        ++total_;
    }
    bool empty() const { return total_ == 0; }
    std::size_t total() const { return total_; }  // those that were not kept included
    bool full() const { return errors_.size() >= kMaximum; }
    const std::vector<FieldError>& list() const { return errors_; }

  private:
    std::vector<FieldError> errors_;
    std::size_t total_ = 0;
};

}  // namespace chorus
