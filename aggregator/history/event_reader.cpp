#include "aggregator/history/event_reader.h"

#include "aggregator/history/direction.h"

namespace chorus::store {
namespace {

constexpr std::string_view kFindEvents = R"sql(
SELECT e.event_id, h.hostname, e.type, e.ts, e.detail
FROM monitoring.events e
JOIN monitoring.hosts h ON h.host_id = e.host_id
WHERE ($1::text IS NULL OR h.hostname = $1)
  AND ($2::text IS NULL OR e.type = $2)
  AND e.ts BETWEEN $3 AND $4
ORDER BY e.ts @DIRECTION@, e.event_id @DIRECTION@
LIMIT $5 OFFSET $6
)sql";

}  // namespace

std::vector<EventRow> EventReader::find(const EventQuery& query) const {
    return database_.read([&](Session& session) {
        std::vector<EventRow> events;
        // Not prepared: which index serves depends on what is asked for.
        const auto found =
            session.execute_once(with_direction(kFindEvents, query.ascending),
                                 Parameters{}
                                     .text(query.hostname)
                                     .text(query.type)
                                     .timestamp(query.start.value_or(Timestamp::min()))
                                     .timestamp(query.end.value_or(Timestamp::max()))
                                     .int8(query.limit)
                                     .int8(query.offset));
        for (const auto row : found) {
            events.push_back({.id = row.int8(0),
                              .hostname = std::string{row.text(1)},
                              .type = std::string{row.text(2)},
                              .time = row.timestamp(3),
                              .detail_json = std::string{row.text(4)}});
        }
        return events;
    });
}

}  // namespace chorus::store
