#include "aggregator/live/token_watch.h"

#include <vector>

#include "aggregator/access/token_store.h"

namespace chorus::live {

void TokenWatch::look() {
    auto tokens = viewers_.tokens();
    const auto more = agents_.tokens();
    tokens.insert(tokens.end(), more.begin(), more.end());
    if (tokens.empty()) return;
    const auto ended =
        database_.read([&](store::Session& s) { return store::ended_tokens(s, tokens); });
    for (const auto token : ended) {
        viewers_.close(token);
        agents_.close(token);
    }
}

}  // namespace chorus::live
