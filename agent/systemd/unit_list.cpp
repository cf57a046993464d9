#include "agent/systemd/unit_list.h"

#include "agent/systemd/system_bus.h"

namespace chorus::agent {
namespace {

constexpr std::string_view kManager = "org.freedesktop.systemd1";
constexpr std::size_t kMostUnits = 10'000;
constexpr std::size_t kMostAsked = 1'000;

}  // namespace

// An array of (name, description, load state, active state, sub state, followed unit, path, job
// id, job type, job path).
std::vector<UnitState> read_units(DBusReader in) {
    constexpr std::size_t struct_alignment = 8;
    std::vector<UnitState> units;
    const std::size_t end = in.array_end(struct_alignment);
    while (in.position() < end && units.size() < kMostUnits) {
        in.align(struct_alignment);
        UnitState unit;
        unit.name = in.text();
        in.text();
        const bool loaded = in.text() == "loaded";
        unit.active_state = in.text();
        in.text();
        in.text();
        unit.path = in.text();
        in.uint32();
        in.text();
        in.text();
        // A unit that is named by another but does not exist has failed in nothing.
        if (loaded || unit.active_state == "failed") units.push_back(std::move(unit));
    }
    return units;
}

std::vector<UnitState> list_units(const std::string& bus_socket, std::chrono::milliseconds limit) {
    SystemBus bus(bus_socket, limit);
    const auto list = bus.call({.destination = kManager,
                                .path = "/org/freedesktop/systemd1",
                                .interface = "org.freedesktop.systemd1.Manager",
                                .member = "ListUnits"});
    if (list.is_error) throw DBusError("systemd did not list its units");
    auto units = read_units(list.reader());
    std::vector<DBusCall> calls;
    std::vector<UnitState*> asked;
    for (UnitState& unit : units) {
        if (calls.size() >= kMostAsked) break;
        if (!unit.name.ends_with(".service") || unit.active_state == "inactive") continue;
        calls.push_back({.destination = kManager,
                         .path = unit.path,
                         .interface = "org.freedesktop.DBus.Properties",
                         .member = "Get",
                         .texts = {"org.freedesktop.systemd1.Service", "NRestarts"}});
        asked.push_back(&unit);
    }
    const auto replies = bus.call_all(calls);
    for (std::size_t i = 0; i < replies.size(); ++i) {
        // systemd before 235 does not know the property.
        if (replies[i].is_error) continue;
        auto in = replies[i].reader();
        if (in.signature() == "u") asked[i]->restarts = in.uint32();
    }
    return units;
}

}  // namespace chorus::agent
