// chorus-agent spool: what waits on disk for the aggregator.
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>

#include "agent/commands.h"
#include "agent/spool/segment_files.h"
#include "agent/spool/spool.h"
#include "common/timestamp.h"

namespace chorus::agent {
namespace {

std::string time_text(std::uint32_t seconds) {
    return format_timestamp(Timestamp{std::chrono::seconds{seconds}});
}

void print_dead_letters(const std::string& directory, DiskCalls& disk) {
    std::size_t count = 0;
    for (const char* name : {"/dead-letter.1", "/dead-letter"}) {
        const auto content = read_segment(disk, directory + name);
        if (content) count += scan_segment(*content).frames.size();
    }
    if (count > 0) {
        std::cout << count << " batches were refused by the aggregator and set aside in "
                  << directory << "/dead-letter\n";
    }
}

}  // namespace

ExitCode run_spool(const AgentConfig& config) {
    const std::string directory = config.spool_dir + "/spool";
    std::error_code error;
    const std::filesystem::directory_iterator readable(directory, error);
    if (error == std::errc::no_such_file_or_directory) {
        std::cout << "0 batches wait: " << directory
                  << " is not there, the agent makes it when it starts (--spool-dir names another "
                     "place)\n";
        return ExitCode::ok;
    }
    if (error) {
        const bool denied = error == std::errc::permission_denied;
        std::cerr << "chorus-agent: " << directory << ": " << error.message()
                  << (denied ? "; run this as root" : "; see --spool-dir") << '\n';
        return denied ? ExitCode::no_permission : ExitCode::io_error;
    }
    DiskCalls disk;
    std::uint64_t count = 0, bytes = 0;
    const auto damages = Spool::peek(directory, disk, [&](const SpooledBatch& batch) {
        if (count++ == 0) std::cout << "COLLECTED                      BYTES\n";
        bytes += batch.payload.size();
        std::cout << time_text(batch.time) << "  " << batch.payload.size() << '\n';
    });
    std::cout << count << " batches wait, " << bytes << " bytes\n";
    if (damages > 0) std::cout << damages << " damaged places are skipped\n";
    print_dead_letters(config.spool_dir, disk);
    return std::cout.flush() ? ExitCode::ok : ExitCode::io_error;
}

}  // namespace chorus::agent
