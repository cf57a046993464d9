// Which batches go by another epoch than the one they were made with.
#pragma once

#include <map>
#include <string>

#include "common/uuid.h"

namespace chorus::agent {

// When another machine has taken this agent's keys (a copied disk, a restored snapshot), what was
// made with the old epoch is sent with a new one. Kept in a file before it is used: a batch that
// was stored under the new key must not be stored again under a third after a restart.
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
