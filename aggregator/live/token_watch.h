// Ends the live streams of tokens that are not valid any more.
#pragma once

#include "aggregator/live/agent_streams.h"
#include "aggregator/live/viewer_streams.h"
#include "aggregator/postgres/database.h"

namespace chorus::live {

// A request is let in once, but a stream lasts. A token that was revoked or has expired must not be
// good for listening on.
class TokenWatch {
  public:
    // All outlive the object.
    TokenWatch(ViewerStreams& viewers, AgentStreams& agents, store::Database& database)
        : viewers_(viewers), agents_(agents), database_(database) {}

    // For a scheduler, every second, so that a revocation ends streams within a second. Asks the
    // database only while somebody listens with a token. Throws DatabaseError.
    void look();

  private:
    ViewerStreams& viewers_;
    AgentStreams& agents_;
    store::Database& database_;
};

}  // namespace chorus::live
