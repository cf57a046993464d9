// Files of the web pages. They are built into the program, or come from a folder during
// development.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chorus::assets {

// A file that is built into the program.
struct Asset {
    std::string_view path;  // "ui/index.html"
    std::string_view hash;  // of the content before compression, hexadecimal
    std::string_view gzip;  // the content, compressed
    std::size_t size = 0;   // bytes before compression
};

// Empty if the program was built without the pages.
const std::vector<Asset>& embedded();
const Asset* find_embedded(std::string_view path);

// Chosen by the ending of the name; "application/octet-stream" for other endings.
std::string_view content_type(std::string_view path);
// Whether the name has a hash of the content in it, as "app-db847a397d.js". Such a file never
// changes.
bool is_hashed(std::string_view path);

// The content of a file below `root`. nullopt if the file does not exist, is hidden, is no plain
// file, or leads out of the folder.
std::optional<std::string> read_below(const std::string& root, std::string_view path);

}  // namespace chorus::assets
