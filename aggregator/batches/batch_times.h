// Under which time a batch is stored.
#pragma once

#include <span>

#include "aggregator/batches/batch_item.h"
#include "aggregator/postgres/session.h"

namespace chorus::store {

// Sets `time` of each item and `newest` of its host. (host, time) is the primary key: two different
// batches of one moment are both kept, the later one some microseconds off. The table is asked only
// about batches that are not newer than what is known of their host; about all of them if
// `careful`, because another writer may have stored something since. False if a batch finds no
// moment that is free: a thousand batches of one host at one moment. Throws DatabaseError.
[[nodiscard]] bool choose_times(Session& session, std::span<BatchItem* const> fresh, bool careful);

}  // namespace chorus::store
