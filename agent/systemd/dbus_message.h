// Messages of the D-Bus specification, as much of it as questions to a service manager need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace chorus::agent {

class DBusError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// A method call without arguments or with texts only.
struct DBusCall {
    std::string_view destination, path, interface, member;
    std::vector<std::string_view> texts{};
};

// `serial` is not 0.
std::string marshal_call(const DBusCall& call, std::uint32_t serial);

// The first 16 bytes of a message.
struct DBusHead {
    std::uint8_t type = 0;
    bool little_endian = true;
    std::size_t rest = 0;         // bytes behind those 16, header fields with padding and body
    std::size_t body_offset = 0;  // of the body within the rest

    static constexpr std::size_t kBytes = 16;
    static constexpr std::uint8_t kReturn = 2;
    static constexpr std::uint8_t kError = 3;
};

// Throws DBusError if this is no message, or one above `most` bytes.
DBusHead parse_head(std::string_view bytes, std::size_t most);

// The serial of the call that a message answers, from its header fields; nullopt if it answers
// none.
std::optional<std::uint32_t> reply_serial(const DBusHead& head, std::string_view rest);

// Reads the values of a body in their order. Every call throws DBusError at the end of the bytes.
class DBusReader {
  public:
    // `offset` is that of `bytes` within the message: values are aligned from its start.
    DBusReader(std::string_view bytes, bool little_endian, std::size_t offset = 0)
        : bytes_(bytes), little_endian_(little_endian), offset_(offset) {}

    std::uint8_t byte();
    std::uint32_t uint32();
    std::string_view text();  // string or object path
    std::string_view signature();
    void align(std::size_t to);
    // Reads the length of an array and returns where the array ends, as in position().
    std::size_t array_end(std::size_t element_alignment);
    std::size_t position() const { return at_; }

  private:
    std::string_view take(std::size_t size);

    std::string_view bytes_;
    bool little_endian_;
    std::size_t offset_;
    std::size_t at_ = 0;
};

}  // namespace chorus::agent
