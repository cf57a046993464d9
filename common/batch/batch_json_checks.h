// Checks of a batch's values: what is no fault of the sender costs a value or a row, not the batch.
#pragma once

#include "common/json/json_checks.h"

namespace chorus {

// What shows a broken client (another JSON type, a missing member, no identity) is an error, as
// with Checker. What a healthy agent may read on a strange host is a warning: the value is unknown,
// cut or left out.
class BatchChecker : public json_checks::Checker {
  public:
    using Path = json_checks::Path;

    BatchChecker(FieldErrors& errors, FieldErrors& warnings)
        : Checker(errors), warnings_(warnings) {}

    // `value`, or part of it, is not taken over as it was received. What it was goes into
    // set_aside(), so that two batches that differ in it alone are told apart.
    void warn(const Path& at, std::string code, std::string message, JsonValue value);
    // The same without a warning, of what belongs to a value that was warned of.
    void also_set_aside(JsonValue value);
    // A hash over everything that was warned of, in order; 0 if that is nothing.
    std::uint64_t set_aside() const { return set_aside_; }

    void pattern_mismatch(const Path& at, std::string_view pattern);

    // A number out of range is unknown.
    std::optional<std::int64_t> lenient_integer(JsonValue value, const Path& at,
                                                json_checks::IntegerRange range);
    std::optional<double> lenient_real(JsonValue value, const Path& at,
                                       json_checks::RealRange range);
    std::optional<Timestamp> lenient_timestamp(JsonValue value, const Path& at);
    // A text that is too long is cut between two characters.
    std::string_view cut_text(JsonValue value, const Path& at, std::size_t maximum_bytes);
    // Of a list that is too long the beginning is read. Answers how many items at most.
    std::size_t cut_list(JsonValue value, const Path& at, std::size_t maximum);

  private:
    FieldErrors& warnings_;
    std::uint64_t set_aside_ = 0;
};

}  // namespace chorus
