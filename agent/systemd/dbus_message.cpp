#include "agent/systemd/dbus_message.h"

namespace chorus::agent {
namespace {

// Codes of header fields.
enum Field : std::uint8_t {
    kPath = 1,
    kInterface = 2,
    kMember = 3,
    kReplySerial = 5,
    kDestination = 6,
    kSignature = 8,
};
constexpr std::uint8_t kMethodCall = 1;
constexpr std::size_t kStructAlignment = 8;
constexpr std::size_t kFieldsAt = 16;  // of the first header field in a message

class Writer {
  public:
    void byte(std::uint8_t value) { out_ += static_cast<char>(value); }
    void uint32(std::uint32_t value) {
        align(4);
        for (int shift = 0; shift < 32; shift += 8) byte(static_cast<std::uint8_t>(value >> shift));
    }
    void text(std::string_view value) {
        uint32(static_cast<std::uint32_t>(value.size()));
        out_ += value;
        byte(0);
    }
    void signature(std::string_view value) {
        byte(static_cast<std::uint8_t>(value.size()));
        out_ += value;
        byte(0);
    }
    void align(std::size_t to) {
        while (out_.size() % to != 0) byte(0);
    }
    std::string& bytes() { return out_; }

  private:
    std::string out_;
};

void text_field(Writer& out, Field field, char type, std::string_view value) {
    out.align(kStructAlignment);
    out.byte(field);
    out.signature(std::string_view(&type, 1));
    out.text(value);
}

std::size_t round_up(std::size_t value, std::size_t to) {
    return (value + to - 1) / to * to;
}

}  // namespace

std::string marshal_call(const DBusCall& call, std::uint32_t serial) {
    Writer body;
    for (const std::string_view text : call.texts) body.text(text);
    // Fields begin at a multiple of 8 in the message, as they do here.
    Writer fields;
    text_field(fields, kPath, 'o', call.path);
    text_field(fields, kInterface, 's', call.interface);
    text_field(fields, kMember, 's', call.member);
    text_field(fields, kDestination, 's', call.destination);
    if (!call.texts.empty()) {
        fields.align(kStructAlignment);
        fields.byte(kSignature);
        fields.signature("g");
        fields.signature(std::string(call.texts.size(), 's'));
    }
    Writer out;
    out.byte('l');
    out.byte(kMethodCall);
    out.byte(0);  // flags
    out.byte(1);  // version of the protocol
    out.uint32(static_cast<std::uint32_t>(body.bytes().size()));
    out.uint32(serial);
    out.uint32(static_cast<std::uint32_t>(fields.bytes().size()));
    out.bytes() += fields.bytes();
    out.align(kStructAlignment);
    out.bytes() += body.bytes();
    return std::move(out.bytes());
}

DBusHead parse_head(std::string_view bytes, std::size_t most) {
    if (bytes.size() < DBusHead::kBytes) throw DBusError("a message cut short");
    DBusHead head;
    head.little_endian = bytes[0] == 'l';
    if (!head.little_endian && bytes[0] != 'B') throw DBusError("no D-Bus message");
    DBusReader reader(bytes, head.little_endian);
    reader.byte();
    head.type = reader.byte();
    reader.byte();
    if (reader.byte() != 1) throw DBusError("another version of D-Bus");
    const std::size_t body = reader.uint32();
    reader.uint32();
    const std::size_t fields = reader.uint32();
    if (body > most || fields > most || body + fields > most) {
        throw DBusError("a message above " + std::to_string(most) + " bytes");
    }
    head.body_offset = round_up(fields, kStructAlignment);
    head.rest = head.body_offset + body;
    return head;
}

std::optional<std::uint32_t> reply_serial(const DBusHead& head, std::string_view rest) {
    DBusReader reader(rest.substr(0, head.body_offset), head.little_endian, kFieldsAt);
    // Fields are followed by up to seven bytes of padding.
    while (reader.position() + kStructAlignment <= head.body_offset) {
        reader.align(kStructAlignment);
        const auto code = reader.byte();
        const auto type = reader.signature();
        if (type == "u") {
            const auto value = reader.uint32();
            if (code == kReplySerial) return value;
        } else if (type == "s" || type == "o") {
            reader.text();
        } else if (type == "g") {
            reader.signature();
        } else {
            throw DBusError("a header field of an unknown type");
        }
    }
    return std::nullopt;
}

std::string_view DBusReader::take(std::size_t size) {
    if (size > bytes_.size() - at_) throw DBusError("a value cut short");
    const auto taken = bytes_.substr(at_, size);
    at_ += size;
    return taken;
}

void DBusReader::align(std::size_t to) {
    take(round_up(offset_ + at_, to) - offset_ - at_);
}

std::uint8_t DBusReader::byte() {
    return static_cast<std::uint8_t>(take(1)[0]);
}

std::uint32_t DBusReader::uint32() {
    align(4);
    const auto four = take(4);
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        const std::size_t at = little_endian_ ? 3 - i : i;
        value = value << 8U | static_cast<std::uint8_t>(four[at]);
    }
    return value;
}

std::string_view DBusReader::text() {
    const auto value = take(uint32());
    take(1);
    return value;
}

std::string_view DBusReader::signature() {
    const auto value = take(byte());
    take(1);
    return value;
}

std::size_t DBusReader::array_end(std::size_t element_alignment) {
    const std::size_t size = uint32();
    align(element_alignment);
    if (size > bytes_.size() - at_) throw DBusError("an array cut short");
    return at_ + size;
}

}  // namespace chorus::agent
