// Messages of the system bus, and the list of units in one.
#include "agent/systemd/dbus_message.h"
#include "agent/systemd/unit_list.h"
#include "tests/fuzz/support.h"

using namespace chorus;
using namespace chorus::fuzz;

namespace {

void read_message(std::string_view text) {
    const auto head = agent::parse_head(text, 1U << 20U);
    require(head.body_offset <= head.rest, "the body begins within the message");
    text.remove_prefix(agent::DBusHead::kBytes);
    if (text.size() < head.rest) return;  // who reads the bus waits for the rest
    text = text.substr(0, head.rest);
    agent::reply_serial(head, text);
    for (const auto& unit :
         agent::read_units({text.substr(head.body_offset), head.little_endian})) {
        require(unit.name.size() + unit.path.size() <= text.size(), "names are of the message");
    }
}

// What we ask is understood, whatever a unit is called.
void write_call(std::string_view text) {
    const auto message = agent::marshal_call(
        {.destination = "a.b", .path = text, .interface = "i.f", .member = "M", .texts = {text}},
        1);
    const auto head = agent::parse_head(message, message.size());
    require(head.rest + agent::DBusHead::kBytes == message.size(), "its length is right");
    const auto rest = std::string_view(message).substr(agent::DBusHead::kBytes);
    require(!agent::reply_serial(head, rest), "a call answers nothing");
    agent::DBusReader body(rest.substr(head.body_offset), head.little_endian);
    require(body.text() == text, "the text is read again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(data, size);
    try {
        read_message(text);
    } catch (const agent::DBusError&) {
    }
    write_call(text);
    return 0;
}
