#include "agent/procfs/pid/cgroup_place.h"

#include <gtest/gtest.h>

#include "agent/procfs/pid/pid_cgroup.h"

namespace chorus::agent {
namespace {

const std::string kId(64, 'a');
const std::string kOther(64, 'b');

struct Case {
    std::string path, unit, container;
};

void expect_places(const std::vector<Case>& cases) {
    for (const Case& one : cases) {
        const auto cgroup = parse_pid_cgroup("0::" + one.path + '\n');
        EXPECT_EQ(cgroup.unit, one.unit) << one.path;
        EXPECT_EQ(cgroup.container_id, one.container) << one.path;
    }
}

TEST(CgroupPlace, UnitsOfTheHostAreThoseBelowSlicesAlone) {
    expect_places({
        {"/init.scope", "init.scope", ""},
        {"/system.slice/cron.service", "cron.service", ""},
        {"/system.slice/pg.service/worker", "pg.service", ""},
        {"/system.slice/pg.service/deep.slice/cron.service", "pg.service", ""},
        {"/a.slice/a-b.slice/a-b-c.slice/x@1.service", "x@1.service", ""},
        {"/user.slice/user-7.slice/session-3.scope", "session-3.scope", ""},
        {"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/vcpu0",
         "machine-qemu\\x2d1\\x2dvm.scope", ""},
        {"/somewhere/system.slice/cron.service", "", ""},
        {"/default/web/system.slice/cron.service", "", ""},
        {"/../../system.slice/cron.service", "cron.service", ""},
        {"/system.slice/tmp.mount", "", ""},
    });
}

TEST(CgroupPlace, UnitsOfUsersKeepTheNameOfTheirManager) {
    const std::string user = "/user.slice/user-7.slice/user@7.service";
    expect_places({
        {user, "user@7.service", ""},
        {user + "/init.scope", "user@7.service/init.scope", ""},
        {user + "/app.slice/nginx.service", "user@7.service/nginx.service", ""},
        {user + "/app.slice/app-editor-12.scope", "app-editor-12.scope", ""},
        {user + "/user.slice/libpod-" + kId + ".scope/container", "libpod-" + kId + ".scope", kId},
        {user + "/session.slice/x.service/y.service", "user@7.service/x.service", ""},
    });
}

TEST(CgroupPlace, UnitEndsAtTheFirstContainer) {
    expect_places({
        {"/lxc/101/ns/system.slice/cron.service", "", "lxc/101"},
        {"/lxc/101/ns/init.scope", "", "lxc/101"},
        {"/lxc.payload.web/system.slice/nginx.service", "", "lxc.payload.web"},
        {"/lxc.payload/web/system.slice/nginx.service", "", "lxc.payload/web"},
        {"/machine.slice/systemd-nspawn@web.service/payload/system.slice/nginx.service",
         "systemd-nspawn@web.service", ""},
        {"/machine.slice/machine-web.scope/system.slice/nginx.service", "machine-web.scope", ""},
        {"/machine.slice/libpod-" + kId + ".scope/container/system.slice/nginx.service",
         "libpod-" + kId + ".scope", kId},
        {"/docker/" + kId + "/system.slice/nginx.service", "", kId},
        {"/system.slice/docker-" + kId + ".scope/init.scope", "docker-" + kId + ".scope", kId},
        {"/libvirt/lxc/web.libvirt-lxc/init.scope", "", "lxc/web.libvirt-lxc"},
        {"/machine/web.libvirt-lxc/init.scope", "", "web.libvirt-lxc"},
        // What keeps a container running is outside of it.
        {"/lxc.monitor.web", "", ""},
        {"/lxc.monitor/101", "", ""},
    });
}

TEST(CgroupPlace, DigitsOfTheInnermostContainerCount) {
    expect_places({
        {"/docker/" + kId + "/docker/" + kOther, "", kOther},
        {"/lxc/101/ns/docker/" + kId, "", kId},
        {"/lxc.payload.web/system.slice/docker-" + kId + ".scope", "", kId},
    });
}

TEST(CgroupPlace, DigitsAreTheWholeNameOrFramed) {
    for (const std::string& name :
         {kId, "docker-" + kId + ".scope", "cri-containerd-" + kId + ".scope",
          "crio-" + kId + ".scope", "libpod-" + kId + ".scope", "libpod-" + kId, "crio-" + kId,
          "libpod-payload-" + kId, "kubepods-pod1.slice:cri-containerd:" + kId}) {
        EXPECT_EQ(container_digits(name), kId) << name;
    }
    for (const std::string& name :
         {"libpod-conmon-" + kId + ".scope", "crio-conmon-" + kId + ".scope", "crio-conmon-" + kId,
          "run-containerd-io-" + kId + "-shm.mount", kId + ".mount", "run-" + kId + ".mount",
          "x-" + kId + ".swap", "x-" + kId + ".socket", "x-" + kId + ".slice",
          "x-" + kId + ".service", kId + "a", "a" + kId, "docker-a" + kId + ".scope",
          kId + ".scope", "-" + kId + ".scope", ":" + kId, kId.substr(1), std::string{}}) {
        EXPECT_EQ(container_digits(name), "") << name;
    }
}

TEST(CgroupPlace, ProcessOfARemovedGroupKeepsItsUnit) {
    EXPECT_EQ(parse_pid_cgroup("0::/system.slice/foo.service (deleted)\n").unit, "foo.service");
    EXPECT_EQ(parse_pid_cgroup("4:memory:/docker/" + kId + " (deleted)\n").container_id, kId);
}

TEST(CgroupPlace, ConmonBelongsToItsScopeAlone) {
    const auto cgroup = parse_pid_cgroup("0::/machine.slice/libpod-conmon-" + kId + ".scope\n");
    EXPECT_EQ(cgroup.unit, "libpod-conmon-" + kId + ".scope");
    EXPECT_EQ(cgroup.container_id, "");
}

TEST(CgroupPlace, VersionOneIsReadTheSameWay) {
    const auto lxc = parse_pid_cgroup(
        "12:memory:/lxc/101/ns/system.slice/cron.service\n"
        "1:name=systemd:/lxc/101/ns/system.slice/cron.service\n0::/lxc/101/ns\n");
    EXPECT_EQ(lxc.unit, "");
    EXPECT_EQ(lxc.container_id, "lxc/101");
    const auto host = parse_pid_cgroup("1:name=systemd:/system.slice/cron.service\n0::/\n");
    EXPECT_EQ(host.unit, "cron.service");
}

}  // namespace
}  // namespace chorus::agent
