"""The host's metrics against what psutil says of the same machine.

Tolerances stand where they are used: values that move between two looks are compared with
psutil's answers before and after the call.
"""

import json
import os
import re
from pathlib import Path

import psutil
import pytest
from agent_probe import assert_between, run_agent

# The machine is compared with itself a moment later, so nothing else may change it.
pytestmark = pytest.mark.alone

MIB = 1024 * 1024
GIB = 1024 * MIB

ORIGINAL = {
    "cpu_usage_percent": "percent",
    "cpu_count": "count",
    "memory_total_mb": "mb",
    "memory_available_mb": "mb",
    "memory_used_mb": "mb",
    "memory_usage_percent": "percent",
    "swap_total_mb": "mb",
    "swap_used_mb": "mb",
    "swap_usage_percent": "percent",
    "load_avg_1min": "avg",
    "load_avg_5min": "avg",
    "load_avg_15min": "avg",
    "disk_total_gb": "gb",
    "disk_used_gb": "gb",
    "disk_free_gb": "gb",
    "disk_usage_percent": "percent",
    "disk_read_bytes": "bytes",
    "disk_write_bytes": "bytes",
    "disk_read_count": "count",
    "disk_write_count": "count",
    "network_bytes_sent": "bytes",
    "network_bytes_recv": "bytes",
    "network_packets_sent": "count",
    "network_packets_recv": "count",
    "uptime_seconds": "seconds",
}


@pytest.mark.parametrize("name", ORIGINAL)
def test_original_metric_is_sent_without_label_and_with_its_unit(sent, name):
    assert (name, "") in sent.values
    assert sent.units[name] == ORIGINAL[name]


def test_every_series_is_sent_once(sent):
    layout = [tuple(entry[:2]) for entry in sent.batch["metrics"]["layout"]]
    assert len(layout) == len(set(layout))


def test_cpu_count_is_exact(sent):
    assert sent.value("cpu_count") == psutil.cpu_count()


def test_cpu_shares_make_a_whole(sent):
    modes = ("user", "nice", "system", "irq", "softirq", "steal", "iowait", "idle")
    shares = [sent.value(f"cpu_{mode}_percent") for mode in modes]
    # What guests used is not among them, hence "at most".
    assert 90 <= sum(shares) <= 100.01
    busy = 100 - sent.value("cpu_idle_percent") - sent.value("cpu_iowait_percent")
    assert sent.value("cpu_usage_percent") == pytest.approx(busy, abs=0.01)
    for core in range(psutil.cpu_count()):
        assert 0 <= sent.value("cpu_core_usage_percent", f"cpu{core}") <= 100


def test_cpu_frequency_is_psutils(sent):
    frequency = psutil.cpu_freq()
    if frequency is None:
        assert ("cpu_frequency_mhz", "") not in sent.values
    else:
        # Clocks change from one moment to the next.
        assert sent.value("cpu_frequency_mhz") == pytest.approx(frequency.current, rel=0.5)


def test_memory_total_is_exact(sent):
    assert sent.value("memory_total_mb") == pytest.approx(sent.before.memory.total / MIB, abs=1e-6)
    assert sent.batch["host"]["memory_total_bytes"] == sent.before.memory.total


def test_memory_in_use_is_near(sent):
    slack = 0.05 * sent.before.memory.total / MIB
    assert_between(
        sent.value("memory_available_mb"),
        sent.before.memory.available / MIB,
        sent.after.memory.available / MIB,
        slack,
    )
    assert_between(sent.value("memory_usage_percent"), sent.before.memory.percent, sent.after.memory.percent, 5)
    total = sent.value("memory_used_mb") + sent.value("memory_available_mb")
    assert total == pytest.approx(sent.value("memory_total_mb"))


def test_swap_is_psutils(sent):
    assert sent.value("swap_total_mb") == pytest.approx(sent.before.swap.total / MIB, abs=1e-6)
    assert_between(sent.value("swap_used_mb"), sent.before.swap.used / MIB, sent.after.swap.used / MIB, 16)
    assert_between(sent.value("swap_usage_percent"), sent.before.swap.percent, sent.after.swap.percent, 5)


def test_load_and_uptime_lie_between_two_looks(sent):
    for index, name in enumerate(("load_avg_1min", "load_avg_5min", "load_avg_15min")):
        # The kernel's average moves every 5 s: the one in between may be outside, but not far.
        assert_between(sent.value(name), sent.before.load[index], sent.after.load[index], 0.5)
    assert_between(sent.value("uptime_seconds"), sent.before.uptime, sent.after.uptime, 0.1)


def test_root_file_system_is_psutils(sent):
    for name, field in (("disk_total_gb", "total"), ("disk_used_gb", "used"), ("disk_free_gb", "free")):
        first, second = getattr(sent.before.root, field), getattr(sent.after.root, field)
        assert_between(sent.value(name), first / GIB, second / GIB, 0.25)
    share = 100 * sent.value("disk_used_gb") / sent.value("disk_total_gb")
    assert sent.value("disk_usage_percent") == pytest.approx(share, abs=0.01)


def test_mounts_agree_with_psutil(sent):
    mounts = [label for name, label in sent.values if name == "disk_usage_percent" and label]
    for mount in mounts:
        usage = psutil.disk_usage(mount)
        assert sent.value("filesystem_total_bytes", mount) == usage.total
        assert sent.value("disk_usage_percent", mount) == pytest.approx(usage.percent, abs=1)


def whole_devices():
    devices = os.listdir("/sys/block")
    return {d for d in devices if os.path.exists(f"/sys/block/{d}/device")} or {
        d for d in devices if not re.match(r"loop|z?ram", d)
    }


@pytest.mark.parametrize("field", ["read_bytes", "write_bytes", "read_count", "write_count"])
def test_disk_counters_are_monotone_between_two_looks(sent, field):
    def total(look):
        return sum(getattr(c, field) for d, c in look.disks.items() if d in whole_devices())

    assert_between(sent.value(f"disk_{field}"), total(sent.before), total(sent.after))


@pytest.mark.parametrize("field", ["bytes_sent", "bytes_recv", "packets_sent", "packets_recv"])
def test_network_counters_are_monotone_between_two_looks(sent, field):
    def total(look):
        return sum(getattr(c, field) for nic, c in look.nics.items() if nic != "lo")

    assert_between(sent.value(f"network_{field}"), total(sent.before), total(sent.after))


def test_interfaces_are_psutils(sent):
    told = {label for name, label in sent.values if name == "network_receive_bytes_per_sec" and label}
    assert told == set(sent.before.nics) - {"lo"}


def test_rates_are_known_in_the_first_batch(sent):
    for (name, label), value in sent.values.items():
        if name.endswith("_per_sec"):
            assert value is not None and value >= 0, (name, label)


def test_host_is_told(sent):
    host = sent.batch["host"]
    assert sent.batch["hostname"] == "test-host"
    assert host["kernel"] == os.uname().release
    assert host["cpu_count"] == psutil.cpu_count()
    assert host["boot_time"] is not None
    assert sent.batch["boot_id"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@pytest.mark.parametrize("metrics, theirs", [
    (["memory_free_bytes"], lambda memory: memory.free),
    (["memory_buffers_bytes"], lambda memory: memory.buffers),
    # psutil counts shared memory into the cache, as free(1) did long ago.
    (["memory_cached_bytes", "memory_shared_bytes"], lambda memory: memory.cached),
    (["memory_shared_bytes"], lambda memory: memory.shared),
    (["memory_slab_reclaimable_bytes", "memory_slab_unreclaimable_bytes"],
     lambda memory: memory.slab)])
def test_parts_of_memory_are_psutils(sent, metrics, theirs):
    assert_between(sum(sent.value(name) for name in metrics), theirs(sent.before.memory),
            theirs(sent.after.memory), 64 * MIB)


def test_counts_of_the_host_are_psutils(sent):
    assert_between(sent.value("system_processes_count"), len(sent.before.processes),
            len(sent.after.processes), 0.05 * len(sent.before.processes) + 2)
    threads = [sum(p["threads"] for p in look.processes.values())
               for look in (sent.before, sent.after)]
    assert_between(sent.value("system_threads_count"), *threads, 0.05 * threads[0] + 5)
    assert sent.value("system_zombies_count") >= 1
    assert sent.value("system_boot_time_seconds") == pytest.approx(sent.before.clock, abs=1)


def test_tcp_states_are_psutils(sent):
    for metric, state in (("tcp_established_count", "ESTABLISHED"),
                          ("tcp_close_wait_count", "CLOSE_WAIT")):
        counts = [look.tcp.count(state) for look in (sent.before, sent.after)]
        assert_between(sent.value(metric), *counts, 3)


def test_switches_lie_between_none_and_all_of_the_time_around(sent):
    growth = sent.after.context_switches - sent.before.context_switches
    # The agent's interval of 0.3 s lies within the two looks.
    assert 0 < 0.3 * sent.value("cpu_context_switches_per_sec") <= growth


def test_links_are_psutils(sent):
    links = [label for name, label in sent.values if name == "network_link_up"]
    for label in links:
        assert sent.value("network_link_up", label) == sent.before.interfaces[label].isup
        speed = sent.before.interfaces[label].speed
        if speed > 0 and speed < 65535:
            assert sent.value("network_speed_mbps", label) == speed


def test_extended_metrics_are_sent_if_asked(sent, tmp_path):
    assert ("tcp_listen_count", "") not in sent.values
    more = json.loads(run_agent(tmp_path, "--test", "--extended-metrics").stdout)
    listening = [value for (name, *_), value in zip(more["metrics"]["layout"],
                                                    more["metrics"]["values"])
                 if name == "tcp_listen_count"]
    assert listening == [pytest.approx(sent.after.tcp.count("LISTEN"), abs=3)]
