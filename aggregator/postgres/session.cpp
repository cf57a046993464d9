#include "aggregator/postgres/session.h"

#include <Poco/Data/PostgreSQL/SessionHandle.h>
#include <Poco/Exception.h>
#include <Poco/Version.h>
#include <libpq-fe.h>
#include <poll.h>

#include <stdexcept>

#include "common/log.h"
#include "common/text.h"

namespace chorus::store {
namespace {

constexpr Logger kSessionLog{"store"};

// A database may be set to stronger than `on` (remote_apply); only weaker settings are raised.
// idle_in_transaction_session_timeout frees the locks of a program that hangs.
constexpr const char* kFirstUse = R"sql(
SELECT set_config('application_name', $1, false),
       set_config('statement_timeout', $2, false),
       set_config('TimeZone', 'UTC', false),
       set_config('client_encoding', 'UTF8', false),
       set_config('DateStyle', 'ISO', false),
       set_config('search_path', 'monitoring, pg_temp', false),
       set_config('jit', 'off', false),
       set_config('idle_in_transaction_session_timeout', '60s', false),
       CASE WHEN current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')
            THEN set_config('synchronous_commit', 'on', false) END
)sql";

void log_notice(void*, const PGresult* result) {
    const char* severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const std::string_view level = severity == nullptr ? "" : severity;
    const std::string_view text = message == nullptr ? "" : message;
    if (level == "WARNING") {
        kSessionLog.warning("PostgreSQL warns", {{"message", text}});
    } else {
        kSessionLog.debug("PostgreSQL notes", {{"message", text}});
    }
}

// Why libpq could not connect: a line for each address, without its advice, which is indented.
std::string reason_of(std::string_view message) {
    constexpr std::string_view kPocos = "Connection Error: ";
    if (message.starts_with(kPocos)) message.remove_prefix(kPocos.size());
    std::string reason;
    for (const std::string_view line : split(message, '\n')) {
        if (line.empty() || line.front() == '\t') continue;
        reason += (reason.empty() ? "" : "; ") + std::string(line);
    }
    return reason;
}

// Try again later: connection (08), server going down or coming up (57P0x), resources (53), a
// standby instead of a primary (25006), our own transaction timed out (25P03).
bool means_unavailable(std::string_view state) {
    return state.starts_with("08") || state.starts_with("57P0") || state.starts_with("53") ||
           state == "25006" || state == "25P03";
}

// The session cannot be used any more: as above without mere lack of resources; 0A000 and 26000
// come when the schema changed under a prepared statement.
bool breaks_session(std::string_view state) {
    return state.starts_with("08") || state.starts_with("57P0") || state == "25006" ||
           state == "25P03" || state == "0A000" || state == "26000";
}

}  // namespace

Session::Session() : handle_(std::make_unique<Poco::Data::PostgreSQL::SessionHandle>()) {}

// The empty session is made first, so that the destructor runs if connecting fails.
Session::Session(const Settings& settings) : Session() {
    try {
        handle_->connect(settings.connection +
                         " connect_timeout=" + std::to_string(settings.connect_timeout_seconds));
    } catch (const Poco::Exception& e) {
        throw DatabaseUnavailable("cannot connect to PostgreSQL: " + reason_of(e.message()),
                                  "08001");
    }
    connection_ = *handle_;
    PQsetNoticeReceiver(connection_, log_notice, nullptr);
    execute_once(kFirstUse, Parameters{}
                                .text(settings.application_name)
                                .text(std::to_string(settings.statement_timeout_ms)));
}

Session::~Session() {
#if POCO_VERSION < 0x010D0000
    // Before 1.13 Poco does not free a connection that is broken, or that was never made (issue
    // 4231); afterwards it does.
    PGconn* const connection = *handle_;
    PGconn* const left_behind = PQstatus(connection) != CONNECTION_OK ? connection : nullptr;
    handle_.reset();
    PQfinish(left_behind);
#endif
}

bool Session::healthy() const {
    return !broken_ && PQstatus(connection_) == CONNECTION_OK;
}

bool Session::healthy_after_idle() {
    if (!healthy()) return false;
    // An idle server says nothing; what can be read is a notice, or its farewell and the end.
    for (int round = 0; round < 4; ++round) {
        pollfd readable{PQsocket(connection_), POLLIN, 0};
        if (poll(&readable, 1, 0) <= 0) return true;
        if (PQconsumeInput(connection_) == 0) break;
    }
    broken_ = true;
    return false;
}

bool Session::in_transaction() const {
    return PQtransactionStatus(connection_) != PQTRANS_IDLE;
}

void Session::fail(const pg_result* result) {
    const char* state_field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char* message_field = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const bool lost = PQstatus(connection_) != CONNECTION_OK;
    const std::string state = state_field != nullptr ? state_field : lost ? "08006" : "XX000";
    // Only the primary message: the detail may quote values.
    std::string message =
        message_field != nullptr ? message_field : "the connection to PostgreSQL was lost";
    message += " (SQLSTATE " + state + ")";
    if (lost || breaks_session(state)) broken_ = true;
    if (lost || means_unavailable(state)) throw DatabaseUnavailable(message, state);
    throw DatabaseError(state, message);
}

namespace {

// Pointers and lengths as libpq wants them.
struct Native {
    explicit Native(const Parameters& parameters) {
        for (const auto& value : parameters.values()) {
            values.push_back(value ? value->data() : nullptr);
            lengths.push_back(value ? static_cast<int>(value->size()) : 0);
            formats.push_back(1);
        }
    }
    int count() const { return static_cast<int>(values.size()); }

    std::vector<const char*> values;
    std::vector<int> lengths;
    std::vector<int> formats;
};

}  // namespace

Result Session::checked(pg_result* raw) {
    Result result{raw};
    const auto status = PQresultStatus(raw);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail(raw);
    return result;
}

void Session::prepare(const Statement& statement, const Parameters& parameters) {
    const auto known = prepared_.find(statement.name);
    if (known != prepared_.end()) {
        if (known->second.data() != statement.sql.data() && known->second != statement.sql) {
            throw std::logic_error("two statements are named " + std::string{statement.name});
        }
        return;
    }
    checked(PQprepare(connection_, std::string{statement.name}.c_str(),
                      std::string{statement.sql}.c_str(), static_cast<int>(parameters.size()),
                      parameters.oids().data()));
    prepared_.emplace(statement.name, statement.sql);
}

Result Session::execute(const Statement& statement, const Parameters& parameters) {
    prepare(statement, parameters);
    const Native native{parameters};
    return checked(PQexecPrepared(connection_, std::string{statement.name}.c_str(), native.count(),
                                  native.values.data(), native.lengths.data(),
                                  native.formats.data(), 1));
}

Result Session::execute_once(const std::string& sql, const Parameters& parameters) {
    const Native native{parameters};
    return checked(PQexecParams(connection_, sql.c_str(), native.count(), parameters.oids().data(),
                                native.values.data(), native.lengths.data(), native.formats.data(),
                                1));
}

void Session::execute_script(const std::string& sql) {
    checked(PQexec(connection_, sql.c_str()));
}

void Session::begin() {
    if (in_transaction()) throw std::logic_error("a transaction inside a transaction");
    try {
        handle_->startTransaction();
    } catch (const Poco::Exception& e) {
        broken_ = true;
        throw DatabaseUnavailable("cannot begin a transaction: " + e.message());
    }
}

void Session::commit() {
    // Poco's commit() does not notice that the server answers ROLLBACK to an aborted transaction.
    switch (PQtransactionStatus(connection_)) {
        case PQTRANS_INTRANS:
            break;
        case PQTRANS_UNKNOWN:
            broken_ = true;
            throw DatabaseUnavailable("the connection to PostgreSQL was lost before COMMIT");
        default:
            throw DatabaseError("25P02", "the transaction was aborted before COMMIT");
    }
    try {
        handle_->commit();
    } catch (const Poco::Exception& e) {
        if (PQstatus(connection_) == CONNECTION_OK) {
            // A deferred constraint, for one: the server refused, and that is certain.
            throw DatabaseError("40000", "COMMIT was refused: " + e.message());
        }
        broken_ = true;
        throw CommitOutcomeUnknown("the connection to PostgreSQL was lost during COMMIT");
    }
}

void Session::rollback() noexcept {
    try {
        handle_->rollback();
    } catch (...) {
        broken_ = true;  // the server rolls back by itself
    }
}

Transaction::Transaction(Session& session) : session_(session) {
    session_.begin();
}

Transaction::~Transaction() {
    if (!done_) session_.rollback();
}

void Transaction::commit() {
    session_.commit();
    done_ = true;
}

}  // namespace chorus::store
