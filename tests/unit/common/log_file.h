// The process's log in a file of its own, to be read back.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "common/log.h"
#include "common/text.h"

namespace chorus::test {

class LogFile {
  public:
    LogFile() {
        std::string path = testing::TempDir() + "chorus-log-XXXXXX";
        fd_ = ::mkstemp(path.data());
        ::unlink(path.c_str());
        use(LogFormat::json);
    }
    ~LogFile() {
        configure_log(LogLevel::info, LogFormat::automatic, 2);
        ::close(fd_);
    }
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;

    void use(LogFormat format, LogLevel least = LogLevel::debug) const {
        configure_log(least, format, fd_);
    }
    std::string written() const {
        std::string text(static_cast<std::size_t>(::lseek(fd_, 0, SEEK_END)), '\0');
        EXPECT_EQ(::pread(fd_, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
        return text;
    }
    std::vector<std::string> lines() const {
        const std::string text = written();
        std::vector<std::string> all;
        for (const auto line : split(text, '\n')) all.emplace_back(line);
        EXPECT_EQ(all.back(), "") << "the last line has no end";
        all.pop_back();
        return all;
    }

  private:
    int fd_ = -1;
};

}  // namespace chorus::test
