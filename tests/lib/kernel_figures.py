"""The host's figures worked out from trees of /proc and sysfs, without any code of the agent.

Written from proc(5), sysfs(5) and the kernel's Documentation, to hold the agent's golden files
against. `value(name, label)` gives a number, None for one that cannot be known, and raises KeyError
for a metric that trees do not tell.
"""

from pathlib import Path

CPU_FIELDS = "user nice system idle iowait irq softirq steal guest guest_nice".split()
# Positions in a line of diskstats behind the name, from the kernel's Documentation/admin-guide.
DISK = {name: place for place, name in enumerate(
    "reads reads_merged sectors_read ms_reading writes writes_merged sectors_written ms_writing"
    " in_flight ms_busy ms_weighted discards discards_merged sectors_discarded ms_discarding"
    " flushes ms_flushing".split())}
NET = {name: place for place, name in enumerate(
    "rx_bytes rx_packets rx_errors rx_drops rx_fifo rx_frame rx_compressed rx_multicast"
    " tx_bytes tx_packets tx_errors tx_drops".split())}


class State:
    """One moment of a machine."""

    def __init__(self, proc: Path, sys: Path):
        self.proc, self.sys = proc, sys

    def text(self, path, root=None):
        file = (root or self.proc) / path
        return file.read_text(errors="replace") if file.is_file() else None

    def lines(self, path):
        return (self.text(path) or "").splitlines()

    def stat(self):
        table = {line.split()[0]: [int(word) for word in line.split()[1:]]
                 for line in self.lines("stat") if line.split()}
        return table

    def named(self, path, strip=""):
        return {line.split()[0].rstrip(strip): int(line.split()[1])
                for line in self.lines(path) if len(line.split()) > 1}

    def headed(self, path, group):
        rows = [line.split()[1:] for line in self.lines(path) if line.startswith(group + ":")]
        return dict(zip(rows[0], map(int, rows[1]))) if len(rows) == 2 else {}

    def pressure(self, resource, kind):
        for line in self.lines(f"pressure/{resource}"):
            if line.startswith(kind):
                return int(line.rpartition("total=")[2])
        return None

    def disks(self):
        return {line.split()[2]: [int(word) for word in line.split()[3:]]
                for line in self.lines("diskstats") if len(line.split()) > 13}

    def interfaces(self):
        table = {}
        for line in self.lines("net/dev")[2:]:
            name, _, figures = line.partition(":")
            table[name.strip()] = [int(word) for word in figures.split()]
        return table

    def softnet(self, column):
        rows = [line.split() for line in self.lines("net/softnet_stat")]
        return sum(int(row[column], 16) for row in rows) if rows else None

    def processes(self):
        table = {}
        for directory in self.proc.iterdir():
            if directory.name.isdigit() and (directory / "stat").is_file():
                text = (directory / "stat").read_text(errors="replace")
                fields = text[text.rindex(")") + 2:].split()
                table[int(directory.name)] = fields  # from field 3 on
        return table

    def tcp(self, state):
        rows = [line.split() for path in ("net/tcp", "net/tcp6") for line in self.lines(path)[1:]]
        return sum(row[3] == state for row in rows)


def known(compute):
    """None where a figure that is needed is missing."""
    try:
        return compute()
    except (TypeError, ValueError, ZeroDivisionError, KeyError, IndexError):
        return None


def growth(before, now):
    """None if the counter went back, but for one of 32 bits that wrapped."""
    if now >= before:
        return now - before
    wrapped = now - before + 2**32
    return wrapped if before < 2**32 and wrapped < 2**31 else None


class Figures:
    def __init__(self, machine: Path, first="proc", later="proc-later", seconds=10,
                 sys_later="sys"):
        self.before = State(machine / first, machine / "sys")
        self.now = State(machine / later, machine / sys_later)
        self.seconds = seconds

    def value(self, name, label=""):
        if name.startswith("cpu_core_usage"):
            return self.cpu_usage(label)
        for prefix, compute in (("pressure_", self.pressure), ("disk_", self.disk),
                                ("network_", self.network), ("sensor_", self.sensor),
                                ("cgroup_", self.cgroup)):
            if name.startswith(prefix) and (name, label) not in HOST:
                return compute(name, label)
        if name in LABELLED:
            return known(lambda: LABELLED[name](self, label))
        return known(lambda: HOST[(name, label)](self))

    # --- helpers of the formulas below
    def meminfo(self, *names):
        table = self.now.named("meminfo", ":")
        return sum(table[name] for name in names)

    def rate(self, read):
        before, now = read(self.before), read(self.now)
        return growth64(before, now) / self.seconds

    def cpu_deltas(self, cpu):
        before, now = self.before.stat()[cpu], self.now.stat()[cpu]
        # Idle and iowait may go back, and are then taken as standing still.
        return {field: max(0, b - a) for field, a, b in zip(CPU_FIELDS, before, now)}

    def cpu_share(self, compute, cpu="cpu"):
        d = self.cpu_deltas(cpu)
        total = sum(d[field] for field in CPU_FIELDS[:8])
        return 100 * compute(d, total) / total

    def cpu_usage(self, cpu):
        return known(lambda: self.cpu_share(lambda d, t: t - d["idle"] - d["iowait"], cpu))

    def cores(self):
        return [name for name in self.now.stat() if name.startswith("cpu") and name != "cpu"]

    def online(self):
        text = self.now.text("devices/system/cpu/online", self.now.sys)
        count = 0
        for part in text.strip().split(","):
            low, _, high = part.partition("-")
            count += int(high or low) - int(low) + 1
        return count

    def frequency(self):
        rates = [int(file.read_text()) / 1000 for file in sorted(
            self.now.sys.glob("devices/system/cpu/cpufreq/policy*/scaling_cur_freq"))]
        if not rates:
            rates = [float(line.partition(":")[2]) for line in self.now.lines("cpuinfo")
                     if line.startswith("cpu MHz")]
        return sum(rates) / len(rates)

    # --- families with labels
    def pressure(self, name, _label):
        _, resource, kind, _ = name.split("_")
        return known(lambda: min(100, self.rate(lambda s: s.pressure(resource, kind)) / 1e4))

    def whole_disks(self, state):
        """With hardware below them: stacked devices would count the same bytes again."""
        return [name for name in state.disks()
                if (state.sys / "block" / name.replace("/", "!") / "device").is_dir()]

    def disk_growth(self, device, field):
        before, now = self.before.disks()[device], self.now.disks()[device]
        deltas = [growth(a, b) for place, (a, b) in enumerate(zip(before, now))
                  if place != DISK["in_flight"]]
        if None in deltas:
            return None  # another device with this name
        deltas.insert(DISK["in_flight"], 0)
        return deltas[DISK[field]]

    def disk(self, name, label):
        if (name, label) in HOST:
            return known(lambda: HOST[(name, label)](self))
        per_second = {"disk_read_bytes_per_sec": ("sectors_read", 512),
                      "disk_write_bytes_per_sec": ("sectors_written", 512),
                      "disk_discard_bytes_per_sec": ("sectors_discarded", 512),
                      "disk_reads_per_sec": ("reads", 1), "disk_writes_per_sec": ("writes", 1)}
        if name in per_second:
            field, unit = per_second[name]
            one = lambda device: self.disk_growth(device, field) * unit / self.seconds
            if label:
                return known(lambda: one(label))
            return known(lambda: sum(one(device) for device in self.whole_disks(self.now)))
        busy = lambda field: self.disk_growth(label, field) / (10 * self.seconds)
        waits = {"disk_read_await_ms": ("ms_reading", "reads"),
                 "disk_write_await_ms": ("ms_writing", "writes"),
                 "disk_flush_await_ms": ("ms_flushing", "flushes")}
        if name in waits:
            time, count = waits[name]
            return known(lambda: self.disk_growth(label, time) / self.disk_growth(label, count))
        return known({
            "disk_busy_percent": lambda: min(100, busy("ms_busy")),
            "disk_queue_avg": lambda: busy("ms_weighted") / 100,
            "disk_inflight_count": lambda: self.now.disks()[label][DISK["in_flight"]],
        }[name])

    def physical(self):
        return [name for name in self.now.interfaces()
                if (self.now.sys / "class/net" / name / "device").is_dir()]

    def network_rate(self, interface, field):
        before, now = self.before.interfaces()[interface], self.now.interfaces()[interface]
        if any(b < a for a, b in zip(before, now)):
            return None
        return (now[NET[field]] - before[NET[field]]) / self.seconds

    def network(self, name, label):
        for direction, short in (("receive", "rx"), ("transmit", "tx")):
            for what in ("bytes", "packets", "errors", "drops"):
                if name == f"network_{direction}_{what}_per_sec":
                    field = f"{short}_{what}"
                    if label:
                        return known(lambda: self.network_rate(label, field))
                    rates = [known(lambda i=i: self.network_rate(i, field))
                             for i in self.physical()]
                    return sum(rate for rate in rates if rate is not None)
        speed = lambda: int(self.now.text(f"class/net/{label}/speed", self.now.sys))
        state = (self.now.text(f"class/net/{label}/operstate", self.now.sys) or "").strip()
        carrier = (self.now.text(f"class/net/{label}/carrier", self.now.sys) or "").strip()
        both = lambda: max(self.network_rate(label, f) for f in ("rx_bytes", "tx_bytes"))
        return known({
            "network_link_up": lambda: int(state == "up" or state == "unknown" and carrier == "1"),
            "network_speed_mbps": speed,
            "network_usage_percent": lambda: 100 * 8 * both() / (speed() * 1e6),
        }[name])

    def sensor(self, name, label):
        kinds = {"sensor_temperature_celsius": ("temp", ["input"], 1e3),
                 "sensor_fan_rpm": ("fan", ["input"], 1), "sensor_voltage_volts": ("in", ["input"], 1e3),
                 "sensor_power_watts": ("power", ["average", "input"], 1e6),
                 "sensor_temperature_headroom_celsius": ("temp", ["crit", "max"], 1e3)}
        prefix, files, unit = kinds[name]
        seen = 0
        for chip in sorted(self.now.sys.glob("class/hwmon/hwmon*"), key=lambda p: int(p.name[5:])):
            chip_name = (chip / "name").read_text().strip()
            for file in chip.glob(f"{prefix}[0-9]*_input"):
                sensor = file.name.partition("_")[0]
                label_file = chip / f"{sensor}_label"
                own = label_file.read_text().strip() if label_file.exists() else sensor
                # Chips of one name are told apart by #2, #3, ... in their order.
                if f"{chip_name}/{own}" != label.partition("#")[0]:
                    continue
                seen += 1
                if seen != int(label.partition("#")[2] or 1):
                    continue
                read = lambda what: known(lambda: int((chip / f"{sensor}_{what}").read_text()) / unit)
                figures = [read(what) for what in files if (chip / f"{sensor}_{what}").exists()]
                if not name.endswith("headroom_celsius"):
                    return figures[0] if figures else None
                return known(lambda: figures[0] - read("input"))
        raise KeyError((name, label))


    # Version 2 of control groups: Documentation/admin-guide/cgroup-v2.rst.
    def cgroup(self, name, label):
        roots = [state.sys / "fs/cgroup" for state in (self.before, self.now)]
        now = next(path for path in sorted(roots[1].rglob("*")) if path.name == label)
        before = roots[0] / now.relative_to(roots[1])
        number = lambda path, file: int((path / file).read_text())
        entry = lambda path, file, key: dict(
            line.split() for line in (path / file).read_text().splitlines())[key]
        flow = lambda path, key: sum(
            int(word.partition("=")[2]) for word in (path / "io.stat").read_text().split()
            if word.startswith(key + "="))
        stall = lambda path, file, kind: next(
            int(line.rpartition("total=")[2]) for line in (path / file).read_text().splitlines()
            if line.startswith(kind))
        grown = lambda read: growth64(read(before), read(now))
        per_second = lambda read: grown(read) / self.seconds

        def limit():
            values = [(path / "memory.max").read_text().strip() for path in (now, *now.parents)
                      if (path / "memory.max").is_file()]
            return min(int(value) for value in values if value != "max")

        return known({
            "cgroup_cpu_usage_percent": lambda: per_second(
                lambda p: int(entry(p, "cpu.stat", "usage_usec"))) / 1e4,
            "cgroup_cpu_throttled_percent": lambda: 100 * grown(
                lambda p: int(entry(p, "cpu.stat", "nr_throttled"))) / grown(
                lambda p: int(entry(p, "cpu.stat", "nr_periods"))),
            "cgroup_memory_bytes": lambda: number(now, "memory.current"),
            "cgroup_memory_working_set_bytes": lambda: number(now, "memory.current") - int(
                entry(now, "memory.stat", "inactive_file")),
            "cgroup_memory_limit_percent": lambda: 100 * number(now, "memory.current") / limit(),
            "cgroup_oom_kills_count": lambda: grown(
                lambda p: int(entry(p, "memory.events", "oom_kill"))),
            "cgroup_io_read_bytes_per_sec": lambda: per_second(lambda p: flow(p, "rbytes")),
            "cgroup_io_write_bytes_per_sec": lambda: per_second(lambda p: flow(p, "wbytes")),
            "cgroup_pids_count": lambda: number(now, "pids.current"),
            "cgroup_pressure_cpu_some_percent": lambda: per_second(
                lambda p: stall(p, "cpu.pressure", "some")) / 1e4,
            "cgroup_pressure_memory_full_percent": lambda: per_second(
                lambda p: stall(p, "memory.pressure", "full")) / 1e4,
            "cgroup_pressure_io_full_percent": lambda: per_second(
                lambda p: stall(p, "io.pressure", "full")) / 1e4,
        }[name])


def growth64(before, now):
    return now - before if now >= before else None


def snmp(group, field, path="net/snmp"):
    return lambda f: f.rate(lambda s: s.headed(path, group)[field])


def vmstat(field, unit=1):
    return lambda f: f.rate(lambda s: s.named("vmstat")[field]) * unit


def kib(*names):
    return lambda f: f.meminfo(*names) * 1024


def first_number(path, place=0):
    return lambda f: int(f.now.text(path).split()[place])


def count_of(read):
    return lambda f: sum(1 for fields in f.now.processes().values() if read(fields))


def cached(f):
    return (f.meminfo("Cached", "SReclaimable") - f.meminfo("Shmem")) * 1024


def used_share(f, total, free):
    whole = f.meminfo(total)
    return 100 * (whole - f.meminfo(free)) / whole


def sockstat(f, group, field):
    for line in f.now.lines("net/sockstat"):
        words = line.split()
        if words[0] == group + ":":
            return int(words[words.index(field) + 1])
    raise KeyError(group)


def swap_share(f):
    return used_share(f, "SwapTotal", "SwapFree") if f.meminfo("SwapTotal") else 0


def counted_totals(f, column):
    return sum(row[NET[column]] for name, row in f.now.interfaces().items() if name != "lo")


def disk_total(f, field, unit):
    return sum(f.now.disks()[name][DISK[field]] for name in f.whole_disks(f.now)) * unit


def ecc(file):
    def compute(f, controller):
        path = f"devices/system/edac/mc/{controller}/{file}"
        return int(f.now.text(path, f.now.sys)) - int(f.before.text(path, f.before.sys))
    return compute


def throttle(state):
    """Packages count once, whatever the number of their cores."""
    total, packages = 0, {}
    for cpu in state.sys.glob("devices/system/cpu/cpu[0-9]*"):
        counts = cpu / "thermal_throttle"
        if not counts.is_dir():
            continue
        total += int((counts / "core_throttle_count").read_text())
        package = (cpu / "topology/physical_package_id").read_text()
        packages[package] = int((counts / "package_throttle_count").read_text())
    return total + sum(packages.values())


def threads(f):
    return sum(int(fields[17]) for fields in f.now.processes().values())


PAGE = 4096
HOST = {(name, ""): compute for name, compute in {
    "cpu_usage_percent": lambda f: f.cpu_usage("cpu"),
    "cpu_user_percent": lambda f: f.cpu_share(lambda d, t: d["user"] - d["guest"]),
    "cpu_nice_percent": lambda f: f.cpu_share(lambda d, t: d["nice"] - d["guest_nice"]),
    **{f"cpu_{field}_percent": (lambda f, field=field: f.cpu_share(lambda d, t: d[field]))
       for field in ("system", "iowait", "irq", "softirq", "steal", "idle")},
    "cpu_guest_percent": lambda f: f.cpu_share(lambda d, t: d["guest"] + d["guest_nice"]),
    "cpu_count": lambda f: f.online(),
    "cpu_frequency_mhz": lambda f: f.frequency(),
    "cpu_core_max_percent": lambda f: max(f.cpu_usage(core) for core in f.cores()),
    "cpu_context_switches_per_sec": lambda f: f.rate(lambda s: s.stat()["ctxt"][0]),
    "cpu_interrupts_per_sec": lambda f: f.rate(lambda s: s.stat()["intr"][0]),
    "cpu_softirqs_per_sec": lambda f: f.rate(lambda s: s.stat()["softirq"][0]),
    # Asked once a minute: a first sample has no earlier one.
    "cpu_throttle_events_per_sec": lambda f: f.rate(throttle) if f.seconds >= 60 else None,
    "system_forks_per_sec": lambda f: f.rate(lambda s: s.stat()["processes"][0]),
    "system_procs_running_count": lambda f: f.now.stat()["procs_running"][0],
    "system_procs_blocked_count": lambda f: f.now.stat()["procs_blocked"][0],
    "system_boot_time_seconds": lambda f: f.now.stat()["btime"][0],
    "memory_total_mb": lambda f: f.meminfo("MemTotal") / 1024,
    "memory_available_mb": lambda f: f.meminfo("MemAvailable") / 1024,
    "memory_used_mb": lambda f: (f.meminfo("MemTotal") - f.meminfo("MemAvailable")) / 1024,
    "memory_usage_percent": lambda f: used_share(f, "MemTotal", "MemAvailable"),
    "swap_total_mb": lambda f: f.meminfo("SwapTotal") / 1024,
    "swap_used_mb": lambda f: (f.meminfo("SwapTotal") - f.meminfo("SwapFree")) / 1024,
    "swap_usage_percent": swap_share,
    "memory_free_bytes": kib("MemFree"), "memory_buffers_bytes": kib("Buffers"),
    "memory_cached_bytes": cached, "memory_shared_bytes": kib("Shmem"),
    "memory_slab_reclaimable_bytes": kib("SReclaimable"),
    "memory_slab_unreclaimable_bytes": kib("SUnreclaim"), "memory_anon_bytes": kib("AnonPages"),
    "memory_dirty_bytes": kib("Dirty", "Writeback"), "swap_cached_bytes": kib("SwapCached"),
    "memory_commit_percent": lambda f: 100 * f.meminfo("Committed_AS") / f.meminfo("CommitLimit"),
    "memory_hugepages_used_percent": lambda f: used_share(f, "HugePages_Total", "HugePages_Free"),
    "memory_page_faults_per_sec": vmstat("pgfault"),
    "memory_major_faults_per_sec": vmstat("pgmajfault"),
    "memory_page_in_bytes_per_sec": vmstat("pgpgin", 1024),
    "memory_page_out_bytes_per_sec": vmstat("pgpgout", 1024),
    "memory_direct_reclaim_per_sec": vmstat("pgscan_direct"),
    "memory_oom_kills_count": lambda f: vmstat("oom_kill")(f) * f.seconds,
    "swap_in_bytes_per_sec": vmstat("pswpin", PAGE),
    "swap_out_bytes_per_sec": vmstat("pswpout", PAGE),
    "load_avg_1min": lambda f: float(f.now.text("loadavg").split()[0]),
    "load_avg_5min": lambda f: float(f.now.text("loadavg").split()[1]),
    "load_avg_15min": lambda f: float(f.now.text("loadavg").split()[2]),
    "load_per_cpu_1m": lambda f: float(f.now.text("loadavg").split()[0]) / f.online(),
    "uptime_seconds": lambda f: float(f.now.text("uptime").split()[0]),
    "disk_read_bytes": lambda f: disk_total(f, "sectors_read", 512),
    "disk_write_bytes": lambda f: disk_total(f, "sectors_written", 512),
    "disk_read_count": lambda f: disk_total(f, "reads", 1),
    "disk_write_count": lambda f: disk_total(f, "writes", 1),
    "network_bytes_sent": lambda f: counted_totals(f, "tx_bytes"),
    "network_bytes_recv": lambda f: counted_totals(f, "rx_bytes"),
    "network_packets_sent": lambda f: counted_totals(f, "tx_packets"),
    "network_packets_recv": lambda f: counted_totals(f, "rx_packets"),
    "network_softnet_drops_per_sec": lambda f: f.rate(lambda s: s.softnet(1)),
    "network_softnet_squeezed_per_sec": lambda f: f.rate(lambda s: s.softnet(2)),
    "network_conntrack_usage_percent": lambda f: 100 * first_number(
        "sys/net/netfilter/nf_conntrack_count")(f) / first_number(
        "sys/net/netfilter/nf_conntrack_max")(f),
    "tcp_active_opens_per_sec": snmp("Tcp", "ActiveOpens"),
    "tcp_passive_opens_per_sec": snmp("Tcp", "PassiveOpens"),
    "tcp_attempt_fails_per_sec": snmp("Tcp", "AttemptFails"),
    "tcp_resets_sent_per_sec": snmp("Tcp", "OutRsts"),
    "tcp_retransmits_per_sec": snmp("Tcp", "RetransSegs"),
    "udp_receive_errors_per_sec": snmp("Udp", "InErrors"),
    "udp_rcvbuf_errors_per_sec": snmp("Udp", "RcvbufErrors"),
    "tcp_retransmit_percent": lambda f: None if snmp("Tcp", "OutSegs")(f) * f.seconds < 100 else
        100 * snmp("Tcp", "RetransSegs")(f) / snmp("Tcp", "OutSegs")(f),
    "tcp_listen_overflows_per_sec": snmp("TcpExt", "ListenOverflows", "net/netstat"),
    "tcp_listen_drops_per_sec": snmp("TcpExt", "ListenDrops", "net/netstat"),
    "tcp_syncookies_sent_per_sec": snmp("TcpExt", "SyncookiesSent", "net/netstat"),
    "sockets_used_count": lambda f: sockstat(f, "sockets", "used"),
    "tcp_orphan_count": lambda f: sockstat(f, "TCP", "orphan"),
    "tcp_memory_usage_percent": lambda f: 100 * sockstat(f, "TCP", "mem") / first_number(
        "sys/net/ipv4/tcp_mem", 2)(f),
    **{f"tcp_{name}_count": (lambda f, state=state: f.now.tcp(state)) for name, state in (
        ("established", "01"), ("syn_recv", "03"), ("time_wait", "06"), ("close_wait", "08"),
        ("listen", "0A"))},
    "system_fd_used_count": first_number("sys/fs/file-nr"),
    "system_fd_usage_percent": lambda f: 100 * first_number("sys/fs/file-nr")(f) / first_number(
        "sys/fs/file-nr", 2)(f),
    "system_hung_tasks_count": lambda f: f.seconds * f.rate(
        lambda s: int(s.text("sys/kernel/hung_task_detect_count"))),
    "system_processes_count": count_of(lambda fields: True),
    "system_threads_count": threads,
    "system_zombies_count": count_of(lambda fields: fields[0] == "Z"),
    "system_uninterruptible_count": count_of(lambda fields: fields[0] == "D"),
    "system_pid_usage_percent": lambda f: 100 * threads(f) / min(
        first_number("sys/kernel/pid_max")(f), first_number("sys/kernel/threads-max")(f)),
}.items()}
LABELLED = {
    "raid_degraded_count": lambda f, array: int(
        f.now.text(f"block/{array}/md/degraded", f.now.sys)),
    "battery_charge_percent": lambda f, name: int(
        f.now.text(f"class/power_supply/{name}/capacity", f.now.sys)),
    "memory_ecc_correctable_count": ecc("ce_count"),
    "memory_ecc_uncorrectable_count": ecc("ue_count"),
}
