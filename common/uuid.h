// 128-bit identifiers in the canonical lower-case form of RFC 9562.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace chorus {

struct Uuid {
    std::array<std::uint8_t, 16> bytes{};

    // Version 4, from getrandom(2). Throws std::system_error if the kernel gives no randomness.
    static Uuid random();
    // Accepts upper and lower case, with the four hyphens; nullopt otherwise.
    static std::optional<Uuid> parse(std::string_view text);

    std::string to_string() const;
    auto operator<=>(const Uuid&) const = default;  // NOLINT(modernize-use-nullptr)
};

}  // namespace chorus

template <>
struct std::hash<chorus::Uuid> {
    std::size_t operator()(const chorus::Uuid& id) const noexcept {
        std::size_t h = 14695981039346656037ULL;  // FNV-1a
        for (const auto b : id.bytes) h = (h ^ b) * 1099511628211ULL;
        return h;
    }
};
