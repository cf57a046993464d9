// The ways in which statements fail.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace chorus::store {

// The server refused a statement. what() is for the log, not for clients: it may name tables.
class DatabaseError : public std::runtime_error {
  public:
    DatabaseError(std::string sqlstate, const std::string& message)
        : std::runtime_error(message), sqlstate_(std::move(sqlstate)) {}
    // Five characters as in the manual's "PostgreSQL Error Codes"; "XX000" if there was none.
    const std::string& sqlstate() const { return sqlstate_; }

  private:
    std::string sqlstate_;
};

// PostgreSQL is away, shutting down or out of connections, or the pool is empty: try again later
// (HTTP 503). An open transaction is rolled back.
class DatabaseUnavailable : public DatabaseError {
  public:
    explicit DatabaseUnavailable(const std::string& message, std::string sqlstate = "08006")
        : DatabaseError(std::move(sqlstate), message) {}
};

// The connection was lost during COMMIT. The transaction may be stored or not. Answer "try again
// later", never success or refusal. The retry finds out.
class CommitOutcomeUnknown : public DatabaseUnavailable {
  public:
    using DatabaseUnavailable::DatabaseUnavailable;
};

// SQLSTATEs that callers ask for.
namespace sqlstate {
inline constexpr std::string_view kUniqueViolation = "23505";
inline constexpr std::string_view kNoPartition = "23514";  // check_violation, also of a missing one
inline constexpr std::string_view kLockNotAvailable = "55P03";
inline constexpr std::string_view kDeadlockDetected = "40P01";
inline constexpr std::string_view kQueryCanceled = "57014";  // statement_timeout

// Worth another try: a serialization failure, a deadlock, or a row (foreign key) or partition
// (duplicate table) that came or went while we wrote.
inline bool may_pass_next_time(std::string_view state) {
    return state == "40001" || state == "40P01" || state == kNoPartition ||
           state == kUniqueViolation || state == "23503" || state == "42P07";
}

// The content cannot be stored: data exception (22), program limit such as the row size (54).
inline bool is_fault_of_content(std::string_view state) {
    return state.starts_with("22") || state.starts_with("54");
}
}  // namespace sqlstate

}  // namespace chorus::store
