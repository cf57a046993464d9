// The processor's name on each architecture, from text of the form that its kernel writes.
#include <gtest/gtest.h>

#include "agent/collect/host_facts.h"
#include "agent/procfs/cpuinfo.h"
#include "tests/unit/agent/written_host.h"

namespace chorus::agent {
namespace {

using testing::WrittenHost;

std::string arm(const std::string& implementer, const std::string& part) {
    return "processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd\nCPU implementer\t: " +
           implementer + "\nCPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: " + part +
           "\nCPU revision\t: 3\n\n";
}

TEST(CpuModel, OfArmIsTheNameOfItsCores) {
    EXPECT_EQ(parse_cpuinfo(arm("0x41", "0xd0c") + arm("0x41", "0xd0c")).model, "Neoverse-N1");
    EXPECT_EQ(parse_cpuinfo(arm("0x41", "0xd05") + arm("0x41", "0xd0b")).model,
              "Cortex-A55 + Cortex-A76");
    EXPECT_EQ(parse_cpuinfo(arm("0xc0", "0xac3")).model, "Ampere-1");
    const auto unknown = parse_cpuinfo(arm("0x61", "0xfff") + arm("0xee", "0x001"));
    EXPECT_EQ(unknown.model, "");
    EXPECT_EQ(unknown.number, "Apple core 0xfff + core 0x001");
}

// A Raspberry Pi tells its board behind the cores; a 32-bit kernel a name that says little.
TEST(CpuModel, OfARaspberryPiIsThatOfItsCores) {
    const std::string board = "Hardware\t: BCM2835\nModel\t\t: Raspberry Pi 4 Model B Rev 1.4\n";
    EXPECT_EQ(parse_cpuinfo(arm("0x41", "0xd08") + board).model, "Cortex-A72");
    EXPECT_EQ(parse_cpuinfo("processor\t: 0\nmodel name\t: ARMv7 Processor rev 3 (v7l)\n"
                            "CPU implementer\t: 0x41\nCPU part\t: 0xd08\n" +
                            board)
                  .model,
              "Cortex-A72");
    EXPECT_EQ(parse_cpuinfo("processor\t: 0\nmodel name\t: ARMv7 Processor rev 3 (v7l)\n"
                            "CPU implementer\t: 0x41\nCPU part\t: 0xfff\n")
                  .model,
              "ARMv7 Processor rev 3 (v7l)");
}

TEST(CpuModel, IsFoundOnEveryArchitecture) {
    const auto loongarch = parse_cpuinfo(
        "system type\t\t: generic-loongson-machine\n\nprocessor\t\t: 0\nCPU Family\t\t: "
        "Loongson-64bit\nModel Name\t\t: Loongson-3A5000\nCPU MHz\t\t\t: 2500.00\n");
    EXPECT_EQ(loongarch.model, "Loongson-3A5000");
    EXPECT_DOUBLE_EQ(loongarch.mhz.value(), 2500);
    const auto power = parse_cpuinfo(
        "processor\t: 0\ncpu\t\t: POWER9, altivec supported\nclock\t\t: 3800.000000MHz\n"
        "revision\t: 2.2 (pvr 004e 1202)\n\ntimebase\t: 512000000\nplatform\t: PowerNV\n");
    EXPECT_EQ(power.model, "POWER9, altivec supported");
    EXPECT_DOUBLE_EQ(power.mhz.value(), 3800);
    EXPECT_EQ(parse_cpuinfo("processor\t: 0\nhart\t\t: 1\nisa\t\t: rv64imafdc\nmmu\t\t: sv39\n"
                            "uarch\t\t: sifive,u74-mc\n")
                  .model,
              "sifive,u74-mc");
    const auto mainframe = parse_cpuinfo(
        "vendor_id       : IBM/S390\n# processors    : 2\nbogomips per cpu: 3033.00\n"
        "processor 0: version = FF,  identification = 0133E8,  machine = 3906\n"
        "processor 1: version = FF,  identification = 0133E8,  machine = 3906\n\n"
        "cpu number      : 0\ncpu MHz dynamic : 5208\ncpu MHz static  : 5208\n");
    EXPECT_EQ(mainframe.model, "IBM/S390 3906");
    EXPECT_DOUBLE_EQ(mainframe.mhz.value(), 5208);
    EXPECT_EQ(
        parse_cpuinfo("system type\t: x\nprocessor\t: 0\ncpu model\t: MIPS 24Kc V7.4\n").model,
        "MIPS 24Kc V7.4");
}

TEST(CpuModel, ElseTheMachineIsNamedAndThenTheNumberOfTheCore) {
    WrittenHost host;
    host.proc_tree.write("cpuinfo", arm("0x61", "0xfff"));
    const auto model = [&] { return read_host_info(host.proc, host.sys, host.proc).cpu_model; };
    EXPECT_EQ(model(), "Apple core 0xfff");
    host.sys_tree.write("firmware/devicetree/base/model",
                        std::string_view("Example Board rev 2\0", 20));
    EXPECT_EQ(model(), "Example Board rev 2");
    host.proc_tree.write("cpuinfo", "processor\t: 0\nisa\t: rv64imafdc\n");
    EXPECT_EQ(model(), "Example Board rev 2");
}

TEST(CpuCount, ComesFromTheCoresWhereNoListTellsIt) {
    WrittenHost host;
    host.proc_tree.write("stat", "cpu  8 0 0 0\ncpu0 4 0 0 0\ncpu1 4 0 0 0\nbtime 1700000000\n");
    EXPECT_EQ(read_host_info(host.proc, host.sys, host.proc).cpu_count, 2);
    host.sys_tree.write("devices/system/cpu/online", "0-3\n");
    EXPECT_EQ(read_host_info(host.proc, host.sys, host.proc).cpu_count, 4);
}

}  // namespace
}  // namespace chorus::agent
