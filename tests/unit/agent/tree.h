// Trees of /proc and sysfs for the tests: the recorded ones, and small ones made on the spot.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace chorus::agent::testing {

// A file or folder of tests/fixtures.
std::string fixture(std::string_view path);

// An empty directory that is removed with the object.
class TemporaryTree {
  public:
    TemporaryTree() {
        std::string name = (std::filesystem::temp_directory_path() / "chorus-XXXXXX").string();
        root_ = ::mkdtemp(name.data()) != nullptr ? name : std::string{};
    }
    ~TemporaryTree() {
        std::error_code ignored;
        if (!root_.empty()) std::filesystem::remove_all(root_, ignored);
    }
    TemporaryTree(const TemporaryTree&) = delete;
    TemporaryTree& operator=(const TemporaryTree&) = delete;

    void write(const std::string& path, std::string_view text) const {
        const std::filesystem::path file = root_ / path;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << text;
    }
    // Replaces the whole content by a copy of a recorded tree.
    void copy(const std::string& source) const {
        for (const auto& entry : std::filesystem::directory_iterator(root_)) {
            std::filesystem::remove_all(entry.path());
        }
        std::filesystem::copy(source, root_, std::filesystem::copy_options::recursive);
    }
    void remove(const std::string& path) const { std::filesystem::remove_all(root_ / path); }
    std::string path() const { return root_.string(); }

  private:
    std::filesystem::path root_;
};

}  // namespace chorus::agent::testing
