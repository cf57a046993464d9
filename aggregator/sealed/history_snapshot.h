// One look at all that is stored, over several statements.
#pragma once

#include "aggregator/postgres/session.h"

namespace chorus::store {

// A read-only transaction in which every statement sees the same moment, also while a day moves to
// its packed form: it holds a lock that the move waits for. Ends with the object. Keep it short:
// while a move waits for it, ingest waits behind the move, up to 0.3 s.
class HistorySnapshot {
  public:
    explicit HistorySnapshot(Session& session);
    ~HistorySnapshot();
    HistorySnapshot(const HistorySnapshot&) = delete;
    HistorySnapshot& operator=(const HistorySnapshot&) = delete;

  private:
    Session& session_;
};

}  // namespace chorus::store
