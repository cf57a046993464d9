#include <libpq-fe.h>

#include <stdexcept>

#include "aggregator/postgres/pg_types.h"
#include "aggregator/postgres/session.h"

namespace chorus::store {
namespace {

constexpr std::size_t kBufferBytes = 64U << 10U;

// Signature, flags and length of the header extension (manual: COPY, "Binary Format").
constexpr std::string_view kHeader{"PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19};

}  // namespace

CopyIn::CopyIn(Session& session, std::string_view target) : session_(session) {
    const std::string sql = "COPY " + std::string{target} + " FROM STDIN (FORMAT binary)";
    pg_result* raw = PQexec(session_.connection_, sql.c_str());
    const Result result{raw};
    if (PQresultStatus(raw) != PGRES_COPY_IN) session_.fail(raw);
    buffer_.reserve(kBufferBytes);
    buffer_.append(kHeader);
}

CopyIn::~CopyIn() {
    if (done_ || !session_.healthy()) return;
    PQputCopyEnd(session_.connection_, "given up");
    while (pg_result* rest = PQgetResult(session_.connection_)) PQclear(rest);
}

void CopyIn::row(const Parameters& fields) {
    pg::append(buffer_, static_cast<std::int16_t>(fields.size()));
    for (const auto& value : fields.values()) {
        pg::append(buffer_, value ? static_cast<std::int32_t>(value->size()) : -1);
        if (value) buffer_.append(*value);
    }
    if (buffer_.size() >= kBufferBytes) flush();
}

void CopyIn::encoded_rows(std::string_view rows) {
    buffer_.append(rows);
    if (buffer_.size() >= kBufferBytes) flush();
}

void CopyIn::flush() {
    if (PQputCopyData(session_.connection_, buffer_.data(), static_cast<int>(buffer_.size())) !=
        1) {
        session_.fail(nullptr);
    }
    buffer_.clear();
}

std::int64_t CopyIn::finish() {
    pg::append<std::int16_t>(buffer_, -1);
    flush();
    done_ = true;
    if (PQputCopyEnd(session_.connection_, nullptr) != 1) session_.fail(nullptr);
    std::int64_t rows = 0;
    while (pg_result* raw = PQgetResult(session_.connection_)) {
        const Result result{raw};
        if (PQresultStatus(raw) != PGRES_COMMAND_OK) {
            while (pg_result* rest = PQgetResult(session_.connection_)) PQclear(rest);
            session_.fail(raw);
        }
        rows = result.affected();
    }
    return rows;
}

}  // namespace chorus::store
