// One database session: statements, transactions, COPY.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "aggregator/postgres/database_error.h"
#include "aggregator/postgres/parameters.h"
#include "aggregator/postgres/result.h"

struct pg_conn;
namespace Poco::Data::PostgreSQL {
class SessionHandle;
}

namespace chorus::store {

// A named statement, one constant each. The name is unique in the program, because the prepared
// statement has it.
struct Statement {
    std::string_view name;
    std::string_view sql;
};

// Comes from Database::acquire(). Used by one thread at a time. Every call throws DatabaseError, or
// DatabaseUnavailable if the connection is lost.
class Session {
  public:
    struct Settings {
        std::string connection;  // libpq's "key=value key='val ue'"
        std::string application_name;
        int connect_timeout_seconds = 5;
        int statement_timeout_ms = 0;  // 0 = none
    };
    // Connects once. Throws DatabaseUnavailable, also if the login is refused.
    explicit Session(const Settings& settings);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // Runs a statement. Its first use in this session prepares it. Binary in both directions.
    Result execute(const Statement& statement, const Parameters& parameters = {});
    // Runs one statement without preparing it, for SQL that is built at run time and for EXPLAIN.
    Result execute_once(const std::string& sql, const Parameters& parameters = {});
    // Runs a script of several statements, without parameters and results; notices are logged.
    void execute_script(const std::string& sql);

    // False once the connection is broken; the pool then drops the session.
    bool healthy() const;
    // The same for a session that was idle. Also finds out whether the server has hung up
    // meanwhile.
    bool healthy_after_idle();
    // True between BEGIN and COMMIT or ROLLBACK, also if the transaction is aborted.
    bool in_transaction() const;

    // The native handle; valid as long as the session.
    pg_conn* native() const { return connection_; }

  private:
    friend class Transaction;
    friend class CopyIn;
    Session();
    void prepare(const Statement& statement, const Parameters& parameters);
    Result checked(pg_result* raw);  // takes ownership; throws if it is an error
    [[noreturn]] void fail(const pg_result* result);
    void begin();
    void commit();
    void rollback() noexcept;

    std::unique_ptr<Poco::Data::PostgreSQL::SessionHandle> handle_;
    pg_conn* connection_ = nullptr;                                    // belongs to *handle_
    std::unordered_map<std::string_view, std::string_view> prepared_;  // name to SQL
    bool broken_ = false;
};

// BEGIN ... COMMIT; rolls back when it goes out of scope without commit().
class Transaction {
  public:
    explicit Transaction(Session& session);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    // Throws DatabaseError if the transaction was already aborted or the server refuses it (nothing
    // is stored then), CommitOutcomeUnknown if the connection was lost in between.
    void commit();

  private:
    Session& session_;
    bool done_ = false;
};

// COPY table (columns) FROM STDIN (FORMAT binary). Must run inside a Transaction; rows are stored
// when finish() returns and that transaction commits.
class CopyIn {
  public:
    // `target` is "schema.table (column, column)": a constant of the program, never outside text.
    CopyIn(Session& session, std::string_view target);
    ~CopyIn();  // aborts the copy, and so the transaction, unless finished
    CopyIn(const CopyIn&) = delete;
    CopyIn& operator=(const CopyIn&) = delete;

    // One row; the types must be exactly those of the columns.
    void row(const Parameters& fields);
    // Rows in COPY's binary form that the caller encoded: each with its number of fields, every
    // field with its length.
    void encoded_rows(std::string_view rows);
    // Number of rows stored.
    std::int64_t finish();

  private:
    void flush();

    Session& session_;
    std::string buffer_;
    bool done_ = false;
};

}  // namespace chorus::store
