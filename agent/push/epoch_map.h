// Batches that are sent with another epoch than the one they were made with.
#pragma once

#include <map>
#include <string>

#include "common/uuid.h"

namespace chorus::agent {

// If another machine has used this agent's keys (a copied disk, a restored snapshot), batches of
// the old epoch are sent with a new one. The new epoch is written to a file before it is used. Else
// a batch that was stored under the new key could be stored again under a third key after a
// restart.
class EpochMap {
  public:
    // Without a path nothing is kept.
    explicit EpochMap(std::string path = {});

    Uuid current(const Uuid& epoch) const;
    void renew(const Uuid& epoch);

  private:
    void load();
    bool keep() const;

    std::string path_;
    std::map<Uuid, Uuid> renewed_;
};

}  // namespace chorus::agent
