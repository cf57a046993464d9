"""Containers that run systemd, and names of any bytes: no label costs a batch."""

import os
import pathlib
import shutil

from chorus_harness import Agent, wait_until

FIXTURES = pathlib.Path(__file__).parents[1] / "fixtures"
CONTAINERS = [f"lxc/{number}/ns" for number in range(101, 106)] + [
    f"lxc.payload.web{number}" for number in range(5)]
GROUPS = ["init.scope", "system.slice/cron.service", "system.slice/nginx.service"]
ZEROS = b" 5000 10 0 0 0 0 0 0 5000 10 0 0 0 0 0 0\n"


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def strange_host(directory):
    """The written server, with ten containers and two interfaces of names that are not UTF-8."""
    for part in ("proc", "sys"):
        shutil.copytree(FIXTURES / "server" / part, directory / part, symlinks=True)
    groups = directory / "sys/fs/cgroup"
    write(groups / "cgroup.controllers", b"cpu memory\n")
    for place in ["lxc/101", "lxc.payload.web4"]:
        write(groups / place / "memory.current", b"8192\n")
    for place in ["", *CONTAINERS]:
        for group in GROUPS:
            write(groups / place / group / "memory.current", b"4096\n")
            write(groups / place / group / "cpu.stat", b"usage_usec 1000\n")
    write(directory / "proc/net/dev",
          b"Inter-|\n face |\n  eth0:" + ZEROS + b"b\xfcro:" + ZEROS + b"b\xe4ro:" + ZEROS)
    inside = directory / "proc/3001"
    write(inside / "stat", b"3001 (cron) S 1 1 1 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 7 1 1\n")
    write(inside / "cgroup", b"0::/lxc/101/ns/system.slice/cron.service\n")
    return {"CHORUS_PROCFS": str(directory / "proc"), "CHORUS_SYSFS": str(directory / "sys"),
            "CHORUS_ROOTFS": str(directory)}


def test_every_batch_of_a_strange_host_is_stored(fresh, tmp_path):
    with Agent(fresh, "strange-01", environment=strange_host(tmp_path)) as agent:
        count = lambda: int(fresh.sql("SELECT count(*) FROM monitoring.system_batches")[0][0])
        wait_until(lambda: count() >= 3, 30, "three batches")
        assert agent.stop() == 0
        assert not os.path.exists(os.path.join(agent.directory.name, "state", "dead-letter"))
        assert '"Some labels were changed' in agent.log()
    labels = {row[0] for row in fresh.sql(
        "SELECT DISTINCT label FROM monitoring.system_metrics"
        " WHERE metric_type IN ('cgroup_memory_bytes', 'network_bytes_recv',"
        " 'network_receive_bytes_per_sec')")}
    assert {"init.scope", "cron.service", "nginx.service", "b\\xfcro", "b\\xe4ro"} <= labels
    assert {"lxc/101", "lxc.payload.web4", "lxc/105/ns/init.scope"} <= labels
    unit, container = fresh.sql(
        "SELECT unit, container_id FROM monitoring.process_metrics"
        " WHERE process_id = 3001 LIMIT 1")[0]
    assert unit != "cron.service"
    assert container == "lxc/101"
