// How full the file systems are, by statvfs(3) on the mounts of /proc/1/mountinfo.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "agent/collect/storage/mount_filter.h"
#include "agent/collect/storage/statvfs_prober.h"
#include "agent/collect/support/collector.h"
#include "agent/procfs/support/read_faults.h"
#include "agent/procfs/support/reader.h"

namespace chorus::agent {

class FilesystemCollector final : public Collector {
  public:
    static constexpr std::chrono::milliseconds kDeadline{2'000};

    // `rootfs` is put before every mount point; `ask` is statvfs(3), or a test's stand-in.
    FilesystemCollector(Reader& proc, ReadFaults& faults, std::string rootfs,
                        StatvfsProber::Ask ask = ask_statvfs,
                        std::chrono::milliseconds deadline = kDeadline);
    void collect(MetricSink& out) override;

  private:
    std::vector<SelectedMount> read_mounts();
    std::vector<StatvfsProber::Answer> ask_each(const std::vector<SelectedMount>& mounts);
    std::string path_of(const std::string& mount_point) const;

    Reader& proc_;
    ReadFaults& faults_;
    std::string rootfs_;
    StatvfsProber::Ask ask_;
    StatvfsProber prober_;
    std::vector<SelectedMount> mounts_;  // of the last sample
    std::size_t left_out_ = 0;           // above kMaxMounts
    bool root_fills_ = true;             // likewise; "/" may be of a type that is not listed
};

}  // namespace chorus::agent
