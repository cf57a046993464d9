#include "agent/spool/spool.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "agent/spool/segment_files.h"
#include "common/log.h"

namespace chorus::agent {
namespace {

constexpr Logger kSpoolLog{"spool"};
constexpr std::uint64_t kLargestSegment = 1U << 20U, kSmallestSegment = 16U << 10U;
constexpr const char* kPositionFile = "position";
// A disk that fails now and then gives the content in the end; one that is broken must not hold up
// what can be read.
constexpr int kReadTries = 3;

}  // namespace

Spool::Spool(std::string directory, std::uint64_t most_bytes, DiskCalls& disk)
    : directory_(std::move(directory)),
      most_bytes_(most_bytes),
      segment_bytes_(std::clamp(most_bytes / 16, kSmallestSegment, kLargestSegment)),
      disk_(disk) {
    if (::mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST) {
        throw std::system_error(errno, std::generic_category(), directory_);
    }
    lock();
    load_position();
    load();
    evict();
}

void Spool::lock() {
    const std::string path = path_of("lock");
    lock_ = FileDescriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock_) throw std::system_error(errno, std::generic_category(), path);
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
        throw SpoolInUse(directory_ +
                         " is used by another chorus-agent; give each its own "
                         "--spool-dir");
    }
}

// Of two frames with one number (a file was copied) the first is kept.
void Spool::load() {
    std::size_t damages = 0;
    for (const auto& [number, path] : list_segments(directory_)) {
        std::optional<std::string> content;
        for (int tries = 0; !content && tries < kReadTries; ++tries) {
            content = read_segment(disk_, path);
        }
        if (!content) {
            kSpoolLog.warning("A segment of the spool cannot be read",
                              {{"error", std::generic_category().message(errno)}});
            ++lost_;
            continue;
        }
        const auto scan = scan_segment(*content);
        damages += scan.damages;
        segments_[number] = {.path = path, .bytes = bytes_on_disk(path), .waiting = 0};
        bytes_ += segments_[number].bytes;
        for (const FramePlace& place : scan.frames) {
            next_seq_ = std::max(next_seq_, place.head.seq + 1);
            if (place.head.seq <= removed_up_to_) continue;
            frames_.push_back({number, place.offset, place.head});
        }
        active_segment_ = number;
    }
    const auto by_seq = [](const Waiting& a, const Waiting& b) { return a.head.seq < b.head.seq; };
    std::stable_sort(frames_.begin(), frames_.end(), by_seq);
    const auto twin = [](const Waiting& a, const Waiting& b) { return a.head.seq == b.head.seq; };
    frames_.erase(std::unique(frames_.begin(), frames_.end(), twin), frames_.end());
    for (const Waiting& frame : frames_) ++segments_[frame.segment].waiting;
    lost_ += damages;
    if (damages > 0) {
        kSpoolLog.warning("The spool was damaged; what is whole is kept",
                          {{"damages", damages}, {"batches", frames_.size()}});
    }
    std::vector<std::uint64_t> done;
    for (const auto& [number, segment] : segments_) {
        if (segment.waiting == 0) done.push_back(number);
    }
    for (const std::uint64_t number : done) forget_segment(number);
}

bool Spool::append(std::uint32_t time, std::string_view payload) {
    if (payload.size() > kLongestPayload) {
        errno = EMSGSIZE;
        return false;
    }
    const std::string frame = encode_frame(next_seq_, time, payload);
    if (active_ && active_size_ + frame.size() > segment_bytes_ && active_size_ > 0) {
        active_ = FileDescriptor();
    }
    if (!active_ && !open_segment()) return false;
    if (!write_whole(frame) || disk_.fdatasync(active_.get()) != 0) {
        const int error = errno;
        give_up_segment();
        errno = error;
        return false;
    }
    Segment& segment = segments_[active_segment_];
    frames_.push_back({active_segment_, static_cast<std::size_t>(active_size_),
                       FrameHead{.seq = next_seq_,
                                 .time = time,
                                 .length = static_cast<std::uint32_t>(payload.size())}});
    ++segment.waiting;
    ++next_seq_;
    active_size_ += frame.size();
    const auto bytes = bytes_on_disk(segment.path);
    bytes_ += bytes - segment.bytes;
    segment.bytes = bytes;
    evict();
    return true;
}

bool Spool::open_segment() {
    const std::uint64_t number = active_segment_ + 1;
    const std::string path = path_of(segment_name(number));
    active_ = FileDescriptor(disk_.open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND));
    // A file of that number that could not be read stays where it is.
    if (!active_ && errno == EEXIST) active_segment_ = number;
    if (!active_) return false;
    // The name has to survive, too.
    const FileDescriptor directory(disk_.open(directory_, O_RDONLY | O_DIRECTORY));
    if (!directory || disk_.fdatasync(directory.get()) != 0) {
        const int error = errno;
        active_ = FileDescriptor();
        disk_.unlink(path);
        active_segment_ = number;  // in case it could not be unlinked
        errno = error;
        return false;
    }
    active_segment_ = number;
    active_size_ = 0;
    segments_[number] = {.path = path, .bytes = 0, .waiting = 0};
    return true;
}

bool Spool::write_whole(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = disk_.write(active_.get(), bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n == 0) errno = ENOSPC;
        if (n <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

// After an error nobody knows what of the file is on disk: the kernel may have thrown the pages
// away, and a second fsync would say that all is well. The next batch goes to a new file.
void Spool::give_up_segment() {
    disk_.ftruncate(active_.get(), active_size_);
    active_ = FileDescriptor();
    if (segments_[active_segment_].waiting == 0) forget_segment(active_segment_);
}

std::optional<SpooledBatch> Spool::oldest() {
    while (!frames_.empty()) {
        const Waiting frame = frames_.front();
        std::optional<std::string> payload;
        for (int tries = 0; !payload && tries < kReadTries; ++tries) payload = read_payload(frame);
        if (payload) {
            return SpooledBatch{
                .seq = frame.head.seq, .time = frame.head.time, .payload = std::move(*payload)};
        }
        ++lost_;
        kSpoolLog.warning("A batch of the spool cannot be read any more",
                          {{"seq", frame.head.seq}});
        remove(frame.head.seq);
    }
    return std::nullopt;
}

std::optional<std::string> Spool::read_payload(const Waiting& frame) {
    const FileDescriptor file(disk_.open(segments_[frame.segment].path, O_RDONLY | O_NONBLOCK));
    if (!file) return std::nullopt;
    std::string bytes(kFrameBytes + frame.head.length, '\0');
    std::size_t read = 0;
    while (read < bytes.size()) {
        const ssize_t n =
            disk_.pread(file.get(), bytes.data() + read, bytes.size() - read, frame.offset + read);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return std::nullopt;
        read += static_cast<std::size_t>(n);
    }
    const auto payload = parse_frame(bytes);
    return payload ? std::optional<std::string>(*payload) : std::nullopt;
}

void Spool::remove(std::uint64_t seq) {
    while (!frames_.empty() && frames_.front().head.seq <= seq) {
        const std::uint64_t number = frames_.front().segment;
        frames_.pop_front();
        if (--segments_[number].waiting == 0) forget_segment(number);
    }
    removed_up_to_ = std::max(removed_up_to_, seq);
    // Often enough: what is behind it is only sent again.
    constexpr std::uint64_t stride = 32;
    if (frames_.empty() || removed_up_to_ - kept_position_ >= stride) keep_position();
}

void Spool::forget_segment(std::uint64_t number) {
    const auto at = segments_.find(number);
    if (number == active_segment_) active_ = FileDescriptor();
    disk_.unlink(at->second.path);
    bytes_ -= at->second.bytes;
    segments_.erase(at);
}

// The oldest batches go: the present is worth more than the past.
void Spool::evict() {
    while (bytes_ > most_bytes_ && segments_.size() > 1) {
        const std::uint64_t number = segments_.begin()->first;
        const auto before = frames_.size();
        std::erase_if(frames_, [&](const Waiting& frame) { return frame.segment == number; });
        evicted_ += before - frames_.size();
        forget_segment(number);
    }
}

std::optional<std::uint32_t> Spool::oldest_time() const {
    return frames_.empty() ? std::nullopt : std::optional(frames_.front().head.time);
}

// The file is a frame without a payload.
void Spool::load_position() {
    const auto content = read_segment(disk_, path_of(kPositionFile));
    const auto head = content ? parse_frame_head(*content) : std::nullopt;
    if (!head) return;
    removed_up_to_ = kept_position_ = head->seq;
    next_seq_ = head->seq + 1;
}

void Spool::keep_position() {
    if (removed_up_to_ == kept_position_) return;
    const std::string fresh = path_of(std::string(kPositionFile) + ".new");
    const std::string frame = encode_frame(removed_up_to_, 0, {});
    {
        const FileDescriptor file(disk_.open(fresh, O_WRONLY | O_CREAT | O_TRUNC));
        if (!file || disk_.write(file.get(), frame) != static_cast<ssize_t>(frame.size()) ||
            disk_.fdatasync(file.get()) != 0) {
            return;
        }
    }
    if (disk_.rename(fresh, path_of(kPositionFile)) == 0) kept_position_ = removed_up_to_;
}

std::size_t Spool::peek(const std::string& directory, DiskCalls& disk,
                        const std::function<void(SpooledBatch)>& visit) {
    std::size_t damages = 0;
    const auto position = read_segment(disk, directory + '/' + kPositionFile);
    const auto head = position ? parse_frame_head(*position) : std::nullopt;
    for (const auto& [number, path] : list_segments(directory)) {
        const auto content = read_segment(disk, path);
        if (!content) continue;
        const auto scan = scan_segment(*content);
        damages += scan.damages;
        for (const FramePlace& place : scan.frames) {
            if (head && place.head.seq <= head->seq) continue;
            const auto payload = parse_frame(std::string_view(*content).substr(place.offset));
            visit({place.head.seq, place.head.time, std::string(*payload)});
        }
    }
    return damages;
}

}  // namespace chorus::agent
