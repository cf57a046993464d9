// What the aggregator last found wrong with this host's batches, and when it last stored one, for
// `chorus-agent status`.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/timestamp.h"

namespace chorus::agent {

// One line in a file. The running agent writes it when it changes and removes it once all is well.
// `status`, a process of its own, reads it. For one thread.
class DeliveryNote {
  public:
    // Without a path nothing is kept.
    explicit DeliveryNote(std::string path = {});

    void set(const std::string& text);
    void clear();
    // A batch was stored. Noted every five minutes, so that disks may sleep: the time of an empty
    // file beside the other one.
    void stored(Timestamp now);

  private:
    const std::string path_;
    std::string text_;
    std::optional<Timestamp> noted_;
};

inline constexpr std::chrono::minutes kStoredNotedEvery{5};

// The line, if there is one; at most 1,000 bytes of it.
std::optional<std::string> read_delivery_note(const std::string& path);

// When a batch was last stored, up to kStoredNotedEvery later in truth; nullopt: not that one
// knows.
std::optional<Timestamp> read_last_stored(const std::string& path);

std::string delivery_note_path(const std::string& spool_dir);

}  // namespace chorus::agent
