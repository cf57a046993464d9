#include "aggregator/assets/assets.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "common/text.h"

namespace chorus::assets {
namespace {

constexpr std::size_t kShortestHash = 8;

}  // namespace

const Asset* find_embedded(std::string_view path) {
    const auto& all = embedded();
    const auto at = std::find_if(all.begin(), all.end(),
                                 [&](const Asset& asset) { return asset.path == path; });
    return at == all.end() ? nullptr : &*at;
}

std::string_view content_type(std::string_view path) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 8> known{
        {{".html", "text/html; charset=utf-8"},
         {".js", "text/javascript; charset=utf-8"},
         {".css", "text/css; charset=utf-8"},
         {".json", "application/json"},
         {".svg", "image/svg+xml"},
         {".png", "image/png"},
         {".woff2", "font/woff2"},
         {".txt", "text/plain; charset=utf-8"}}};
    for (const auto& [ending, type] : known) {
        if (path.ends_with(ending)) return type;
    }
    // LICENSE, NOTICE
    return path.substr(path.rfind('/') + 1).find('.') == std::string_view::npos
               ? "text/plain; charset=utf-8"
               : "application/octet-stream";
}

bool is_hashed(std::string_view path) {
    const auto dot = path.rfind('.');
    const auto dash = path.rfind('-', dot);
    if (dot == std::string_view::npos || dash == std::string_view::npos) return false;
    const std::string_view hash = path.substr(dash + 1, dot - dash - 1);
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return hash.size() >= kShortestHash && std::any_of(hash.begin(), hash.end(), digit) &&
           std::all_of(hash.begin(), hash.end(), [&](char c) {
               return digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
           });
}

std::optional<std::string> read_below(const std::string& root, std::string_view path) {
    for (const auto segment : split(path, '/')) {
        if (segment.empty() || segment.front() == '.') return std::nullopt;
    }
    std::error_code failed;
    const auto folder = std::filesystem::canonical(root, failed);
    if (failed) return std::nullopt;
    const auto file = std::filesystem::canonical(folder / path, failed);
    if (failed || !std::filesystem::is_regular_file(file, failed)) return std::nullopt;
    const auto [end, ignored] =
        std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
    if (end != folder.end()) return std::nullopt;
    std::ifstream in(file, std::ios::binary);
    if (!in) return std::nullopt;
    return std::string(std::istreambuf_iterator<char>(in), {});
}

}  // namespace chorus::assets
