// Files of the web pages: those built into the program, or those of a folder while developing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chorus::assets {

// A file that is part of the program.
struct Asset {
    std::string_view path;  // "ui/index.html"
    std::string_view hash;  // of the content before compression, hexadecimal
    std::string_view gzip;  // the content, compressed
    std::size_t size = 0;   // bytes before compression
};

// Empty if the program was built without the pages.
const std::vector<Asset>& embedded();
const Asset* find_embedded(std::string_view path);

// By the ending of the name; "application/octet-stream" for others.
std::string_view content_type(std::string_view path);
// Whether the name holds a hash of the content, "app-db847a397d.js": such a file never changes.
bool is_hashed(std::string_view path);

// The content of a file below `root`; nullopt if there is none, it is hidden, no plain file, or
// leads out of the folder.
std::optional<std::string> read_below(const std::string& root, std::string_view path);

}  // namespace chorus::assets
