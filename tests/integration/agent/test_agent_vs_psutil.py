"""What `chorus-agent --test` prints against what psutil says of the same machine.

Run with CHORUS_BIN_DIR naming the folder of the built programs. Tolerances stand where they are used:
values that move between two looks are compared with psutil's answers before and after the call.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

MIB = 1024 * 1024
GIB = 1024 * MIB
ODD_NAME = "odd) S 1 (x"
LONG_NAME = "a-name-longer-than-fifteen-bytes"


def agent_path():
    folder = os.environ.get("CHORUS_BIN_DIR")
    assert folder, "CHORUS_BIN_DIR must name the folder of the built programs"
    path = Path(folder) / "chorus-agent"
    assert path.exists(), f"{path} is not built"
    return str(path)


def clean_environment():
    keep = ("PATH", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")
    return {name: os.environ[name] for name in keep if name in os.environ}


def run_agent(directory, *arguments, **environment):
    return subprocess.run(
        [agent_path(), *arguments],
        cwd=directory,
        env={**clean_environment(), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture(scope="module")
def children(tmp_path_factory):
    """Processes with odd and long names, threads, a zombie, and one that keeps a core busy."""
    folder = tmp_path_factory.mktemp("programs")
    started = {}
    for name in (ODD_NAME, LONG_NAME):
        program = folder / name
        shutil.copy("/bin/sleep", program)
        started[name] = subprocess.Popen([str(program), "600"])
    threads = "import threading,time\nfor _ in range(4): threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\nx = bytearray(32 << 20)\nprint(flush=True)\ntime.sleep(600)"
    started["threads"] = subprocess.Popen([sys.executable, "-c", threads], stdout=subprocess.PIPE)
    started["threads"].stdout.readline()
    started["busy"] = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    zombie = subprocess.Popen(["/bin/true"])
    until = time.monotonic() + 20
    while psutil.Process(zombie.pid).status() != psutil.STATUS_ZOMBIE and time.monotonic() < until:
        time.sleep(0.01)
    started["zombie"] = zombie
    yield started
    for process in started.values():
        process.kill()
        process.wait()


class Look:
    """psutil's view of the host at one moment."""

    def __init__(self):
        self.memory = psutil.virtual_memory()
        self.swap = psutil.swap_memory()
        self.load = psutil.getloadavg()
        self.disks = psutil.disk_io_counters(perdisk=True)
        self.nics = psutil.net_io_counters(pernic=True, nowrap=False)
        self.root = psutil.disk_usage("/")
        self.uptime = time.clock_gettime(time.CLOCK_BOOTTIME)
        self.processes = {}
        for process in psutil.process_iter():
            try:
                with process.oneshot():
                    self.processes[process.pid] = {
                        "create_time": process.create_time(),
                        "name": process.name(),
                        "ppid": process.ppid(),
                        "threads": process.num_threads(),
                        "rss": process.memory_info().rss,
                        "status": process.status(),
                        "euid": process.uids().effective,
                        "io": io_of(process),
                    }
            except psutil.NoSuchProcess:
                pass


def io_of(process):
    try:
        return process.io_counters()
    except (psutil.AccessDenied, psutil.ZombieProcess):
        return None


class Sent:
    """What the agent would have sent, with psutil's view from just before and just after."""

    def __init__(self, directory):
        self.before = Look()
        result = run_agent(directory, "--test", "--hostname", "test-host")
        self.after = Look()
        assert result.returncode == 0, result.stderr
        self.log = result.stderr
        self.batch = json.loads(result.stdout)
        metrics = self.batch["metrics"]
        assert len(metrics["layout"]) == len(metrics["values"])
        self.values = {
            (name, label): value
            for (name, label, _), value in zip(metrics["layout"], metrics["values"])
        }
        self.units = {name: unit for name, _, unit in metrics["layout"]}
        table = self.batch["processes"]
        self.processes = {
            row[0]: dict(zip(table["columns"], row)) for row in table["rows"]
        }

    def value(self, name, label=""):
        return self.values[(name, label)]

    def steady_pids(self):
        """Processes that lived through the whole comparison."""
        return [
            pid
            for pid, seen in self.before.processes.items()
            if pid in self.after.processes
            and self.after.processes[pid]["create_time"] == seen["create_time"]
        ]


@pytest.fixture(scope="module")
def sent(children, tmp_path_factory):
    return Sent(tmp_path_factory.mktemp("work"))


def between(value, first, second, slack=0.0):
    low, high = min(first, second), max(first, second)
    assert low - slack <= value <= high + slack, f"{value} not in [{low}, {high}] ± {slack}"


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
    between(
        sent.value("memory_available_mb"),
        sent.before.memory.available / MIB,
        sent.after.memory.available / MIB,
        slack,
    )
    between(sent.value("memory_usage_percent"), sent.before.memory.percent, sent.after.memory.percent, 5)
    total = sent.value("memory_used_mb") + sent.value("memory_available_mb")
    assert total == pytest.approx(sent.value("memory_total_mb"))


def test_swap_is_psutils(sent):
    assert sent.value("swap_total_mb") == pytest.approx(sent.before.swap.total / MIB, abs=1e-6)
    between(sent.value("swap_used_mb"), sent.before.swap.used / MIB, sent.after.swap.used / MIB, 16)
    between(sent.value("swap_usage_percent"), sent.before.swap.percent, sent.after.swap.percent, 5)


def test_load_and_uptime_lie_between_two_looks(sent):
    for index, name in enumerate(("load_avg_1min", "load_avg_5min", "load_avg_15min")):
        # The kernel's average moves every 5 s: the one in between may be outside, but not far.
        between(sent.value(name), sent.before.load[index], sent.after.load[index], 0.5)
    between(sent.value("uptime_seconds"), sent.before.uptime, sent.after.uptime, 0.1)


def test_root_file_system_is_psutils(sent):
    for name, field in (("disk_total_gb", "total"), ("disk_used_gb", "used"), ("disk_free_gb", "free")):
        first, second = getattr(sent.before.root, field), getattr(sent.after.root, field)
        between(sent.value(name), first / GIB, second / GIB, 0.25)
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

    between(sent.value(f"disk_{field}"), total(sent.before), total(sent.after))


@pytest.mark.parametrize("field", ["bytes_sent", "bytes_recv", "packets_sent", "packets_recv"])
def test_network_counters_are_monotone_between_two_looks(sent, field):
    def total(look):
        return sum(getattr(c, field) for nic, c in look.nics.items() if nic != "lo")

    between(sent.value(f"network_{field}"), total(sent.before), total(sent.after))


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


def test_process_set_is_psutils(sent):
    steady = sent.steady_pids()
    missing = [pid for pid in steady if pid not in sent.processes]
    assert len(missing) <= 0.05 * len(steady)
    assert sent.batch["processes"]["scanned"] == len(sent.processes)
    known = set(sent.before.processes) | set(sent.after.processes)
    foreign = [pid for pid in sent.processes if pid not in known]
    # The agent itself, and what lived only between the two looks.
    assert len(foreign) <= 1 + 0.05 * len(sent.processes)


def share_equal(sent, pids, mine, theirs):
    """Share of processes for which the agent agrees with either look."""
    agreeing = 0
    for pid in pids:
        value = mine(sent.processes[pid])
        looks = [theirs(look.processes[pid]) for look in (sent.before, sent.after)]
        agreeing += value in looks
    return agreeing / len(pids)


@pytest.mark.parametrize(
    "column, field",
    [("name", "name"), ("ppid", "ppid"), ("num_threads", "threads"), ("state", "status")],
)
def test_process_columns_are_psutils(sent, column, field):
    pids = [pid for pid in sent.steady_pids() if pid in sent.processes]
    # States change by themselves and psutil knows no "idle" before 5.4.5: the rest is near exact.
    least = 0.85 if column == "state" else 0.97
    assert share_equal(sent, pids, lambda row: row[column], lambda seen: seen[field]) >= least


def test_user_is_the_effective_one(sent):
    import pwd

    for pid in sent.steady_pids():
        if pid in sent.processes:
            uid = sent.before.processes[pid]["euid"]
            try:
                expected = pwd.getpwuid(uid).pw_name
            except KeyError:
                expected = str(uid)
            assert sent.processes[pid]["user"] == expected


def test_start_ticks_are_the_kernels(sent):
    for pid in sent.steady_pids():
        if pid not in sent.processes:
            continue
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except FileNotFoundError:
            continue
        ticks = int(stat[stat.rindex(")") + 2 :].split()[19])
        assert sent.processes[pid]["start_ticks"] == ticks


def test_resident_memory_is_near(sent):
    pids = [pid for pid in sent.steady_pids() if pid in sent.processes]
    far = []
    for pid in pids:
        mine = sent.processes[pid]["memory_rss_bytes"]
        looks = [look.processes[pid]["rss"] for look in (sent.before, sent.after)]
        slack = max(2 * MIB, 0.10 * max(looks))
        if not min(looks) - slack <= mine <= max(looks) + slack:
            far.append((pid, mine, looks))
    assert len(far) <= 0.03 * len(pids), far


def test_disk_bytes_of_processes_lie_between_two_looks(sent):
    compared = 0
    for pid in sent.steady_pids():
        looks = [look.processes[pid]["io"] for look in (sent.before, sent.after)]
        row = sent.processes.get(pid)
        if row is None or None in looks or row["disk_read_bytes"] is None:
            continue
        between(row["disk_read_bytes"], looks[0].read_bytes, looks[1].read_bytes)
        between(row["disk_write_bytes"], looks[0].write_bytes, looks[1].write_bytes)
        compared += 1
    assert compared > 0


def test_odd_and_long_names_are_whole(sent, children):
    assert sent.processes[children[ODD_NAME].pid]["name"] == ODD_NAME
    assert sent.processes[children[LONG_NAME].pid]["name"] == LONG_NAME


def test_threads_and_memory_of_a_known_process(sent, children):
    row = sent.processes[children["threads"].pid]
    assert row["num_threads"] == 5
    assert row["memory_rss_bytes"] >= 32 * MIB
    share = 100 * row["memory_rss_bytes"] / sent.batch["host"]["memory_total_bytes"]
    assert row["memory_percent"] == pytest.approx(share, abs=0.01)


def test_busy_process_shows_its_cpu(sent, children):
    # Others want the cores too: it must stand out, not reach 100.
    assert sent.processes[children["busy"].pid]["cpu_percent"] > 5
    assert sent.processes[children[ODD_NAME].pid]["cpu_percent"] == 0


def test_zombie_is_told_as_such(sent, children):
    row = sent.processes[children["zombie"].pid]
    assert row["state"] == "zombie"
    assert row["memory_rss_bytes"] == 0


def test_log_line_has_the_originals_form(sent):
    lines = [json.loads(line) for line in sent.log.splitlines()]
    done = [line for line in lines if line["event"] == "Metrics collection completed"]
    assert len(done) == 1
    assert done[0]["level"] == "info"
    assert done[0]["hostname"] == "test-host"
    assert done[0]["system_metrics"] >= len(ORIGINAL)
    assert done[0]["process_metrics"] == len(sent.processes)
    assert done[0]["duration_seconds"] > 0


def test_reading_costs_few_descriptors_and_survives_churn(tmp_path):
    """Processes that come and go during the walk neither fail it nor appear as errors."""
    stop = threading.Event()

    def churn():
        while not stop.is_set():
            subprocess.run(["/bin/true"], check=True)

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(5):
            result = run_agent(tmp_path, "--test")
            assert result.returncode == 0, result.stderr
            assert "No such process" not in result.stderr
            json.loads(result.stdout)
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    "arguments, code",
    [
        (["--version"], 0),
        (["-V"], 0),
        (["--help"], 0),
        (["--no-such-flag"], 64),
        (["serve"], 64),
        (["--check-config"], 78),  # no token
        (["--check-config", "--aggregator-url", "https://127.0.0.1:8082"], 78),
        (["--check-config", "--aggregator-url", "http://192.0.2.1:8082"], 78),
        (["--test", "--hostname", "not/a/name"], 78),
        (["--test", "--metrics-collection-interval", "0"], 78),
        (["--print-config"], 0),
    ],
)
def test_exit_codes(tmp_path, arguments, code):
    assert run_agent(tmp_path, *arguments).returncode == code


def test_check_config_is_content_with_a_token(tmp_path):
    result = run_agent(tmp_path, "--check-config", CHORUS_AGENT_TOKEN="chorus_agent_secret")
    assert result.returncode == 0, result.stderr
    shown = run_agent(tmp_path, "--print-config", CHORUS_AGENT_TOKEN="chorus_agent_secret")
    assert "chorus_agent_secret" not in shown.stdout + shown.stderr


def test_once_says_when_the_aggregator_is_away(tmp_path):
    result = run_agent(
        tmp_path,
        "--once",
        "--aggregator-url",
        "http://127.0.0.1:1",
        "--spool-dir",
        str(tmp_path / "state"),
        CHORUS_AGENT_TOKEN="chorus_agent_secret",
    )
    assert result.returncode == 69
    assert "chorus_agent_secret" not in result.stdout + result.stderr
    identity = tmp_path / "state" / "agent-id"
    assert identity.stat().st_mode & 0o777 == 0o600


def test_test_writes_nothing(tmp_path):
    result = run_agent(tmp_path, "--test", "--spool-dir", str(tmp_path / "state"))
    assert result.returncode == 0
    assert not (tmp_path / "state").exists()
