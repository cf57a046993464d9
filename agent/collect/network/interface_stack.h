// Finds the network interfaces whose packets another interface counts as well.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/procfs/net_dev.h"
#include "agent/procfs/support/reader.h"

namespace chorus::agent {

enum class InterfaceRole {
    counted,   // its packets are those of the host
    hardware,  // has hardware, but another counted interface counts the same packets
    other,     // has no hardware, as bridges and the ends of containers
};

// Reads /sys/class/net: Documentation/ABI/testing/sysfs-class-net. Facts that cannot change during
// the life of an interface are read once.
class InterfaceStack {
  public:
    explicit InterfaceStack(Reader& sys) : sys_(sys) {}

    // Gives one role for each device. Interfaces with hardware are counted, except:
    // - the parts of another one with hardware (a virtual function below hv_netvsc or
    //   net_failover), as the kernel adds their counters to its;
    // - what lies on another one with hardware: ports of a switch (DSA), functions of guests that
    //   the host switches, channels of a modem, monitors of a radio.
    // If no interface has hardware, as in a container, those that lie on no other are counted.
    std::vector<InterfaceRole> roles(const std::vector<NetDev>& devices);
    bool has_hardware(std::string_view name) { return facts_of(std::string(name)).hardware; }

  private:
    struct Facts {
        bool hardware = false;
        bool repeats = false;  // whatever lies below: what it shows passed another interface
    };
    const Facts& facts_of(const std::string& name);
    bool lies_on_hardware(const std::string& name);
    bool lies_on_one_of(const std::string& name, const std::vector<NetDev>& devices) const;
    void count_hardware(const std::vector<NetDev>& devices, std::vector<InterfaceRole>& roles);
    void count_virtual(const std::vector<NetDev>& devices, std::vector<InterfaceRole>& roles);
    void forget_absent(const std::vector<NetDev>& devices);

    Reader& sys_;
    std::map<std::string, Facts, std::less<>> facts_;
};

}  // namespace chorus::agent
