// What the aggregator last found wrong with this host's batches, for `chorus-agent status`.
#pragma once

#include <optional>
#include <string>

namespace chorus::agent {

// One line in a file. The running agent writes it when it changes and removes it once all is well.
// `status`, a process of its own, reads it. For one thread.
class DeliveryNote {
  public:
    // Without a path nothing is kept.
    explicit DeliveryNote(std::string path = {});

    void set(const std::string& text);
    void clear();

  private:
    const std::string path_;
    std::string text_;
};

// The line, if there is one; at most 1,000 bytes of it.
std::optional<std::string> read_delivery_note(const std::string& path);

std::string delivery_note_path(const std::string& spool_dir);

}  // namespace chorus::agent
