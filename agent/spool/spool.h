// Batches on disk, which survive the agent.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "agent/procfs/support/file_descriptor.h"
#include "agent/spool/disk_calls.h"
#include "agent/spool/frame.h"

namespace chorus::agent {

// The directory is used by another agent.
class SpoolInUse : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

struct SpooledBatch {
    std::uint64_t seq = 0;   // of the spool, not of the agent
    std::uint32_t time = 0;  // when it was collected, seconds since 1970
    std::string payload;
};

// Frames in segment files of a directory. They are appended at one end and removed at the other.
// The bytes on disk are bounded: above the bound the oldest segment goes, and its batches are
// counted. Damage costs only the frames that it touches. Not thread-safe.
//
// Order of events, so that no batch is lost: append() returns after fdatasync(2). remove() is
// called after the aggregator has stored the batch. A segment's file is unlinked when all its
// batches were removed. The file "position" says which batches of a segment were removed already.
// If it is lost, they are sent again, and the aggregator sees that they are duplicates.
class Spool {
  public:
    // Opens the directory, and creates it if its parent exists. Throws SpoolInUse, and
    // std::system_error if the directory can be neither created nor opened. Never throws because of
    // its content.
    Spool(std::string directory, std::uint64_t most_bytes, DiskCalls& disk);

    // True if the batch is safe now. If not, errno says why, and nothing of the batch is left on
    // disk.
    bool append(std::uint32_t time, std::string_view payload);
    // The batch that waits longest. A batch that can no longer be read is counted as lost and
    // skipped.
    std::optional<SpooledBatch> oldest();
    // Batches leave in the order of oldest().
    void remove(std::uint64_t seq);

    std::size_t size() const { return frames_.size(); }
    std::uint64_t bytes() const { return bytes_; }  // on disk
    std::optional<std::uint32_t> oldest_time() const;
    std::uint64_t lost() const { return lost_; }        // damaged since the start
    std::uint64_t evicted() const { return evicted_; }  // for want of room, since the start

    // Reports what is in a directory, in the order of its files, also while another agent uses it.
    // Returns the number of damages.
    static std::size_t peek(const std::string& directory, DiskCalls& disk,
                            const std::function<void(SpooledBatch)>& visit);

  private:
    struct Segment {
        std::string path;
        std::uint64_t bytes = 0;  // on disk
        std::size_t waiting = 0;  // batches that were not removed
    };
    struct Waiting {
        std::uint64_t segment;
        std::size_t offset;
        FrameHead head;
    };
    void lock();
    void load();
    void load_position();
    void keep_position();
    bool open_segment();
    bool write_whole(std::string_view bytes);
    void give_up_segment();
    void evict();
    void forget_segment(std::uint64_t number);
    std::optional<std::string> read_payload(const Waiting& frame);
    std::string path_of(const std::string& name) const { return directory_ + '/' + name; }

    std::string directory_;
    std::uint64_t most_bytes_;
    std::uint64_t segment_bytes_;
    DiskCalls& disk_;
    FileDescriptor lock_;
    FileDescriptor active_;
    std::uint64_t active_segment_ = 0;
    std::uint64_t active_size_ = 0;
    std::map<std::uint64_t, Segment> segments_;  // by their number, which grows
    std::deque<Waiting> frames_;                 // in the order of their sequence numbers
    std::uint64_t next_seq_ = 1;
    std::uint64_t removed_up_to_ = 0;
    std::uint64_t kept_position_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t lost_ = 0;
    std::uint64_t evicted_ = 0;
};

}  // namespace chorus::agent
