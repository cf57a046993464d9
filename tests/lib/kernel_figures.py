"""The host's figures worked out from trees of /proc and sysfs, without any code of the agent.

Written from proc(5), sysfs(5) and the kernel's Documentation, to hold the agent's golden files
against. `value(name, label)` gives a number, None for one that cannot be known, and raises KeyError
for a metric that trees do not tell.
"""

from pathlib import Path

from kernel_devices import CgroupFigures, DeviceFigures
from kernel_state import CPU_FIELDS, DISK, NET, State, growth64, known


class Figures(DeviceFigures, CgroupFigures):
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

    def pressure(self, name, _label):
        _, resource, kind, _ = name.split("_")
        return known(lambda: min(100, self.rate(lambda s: s.pressure(resource, kind)) / 1e4))


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
    "raid_failed": lambda f, array: int(
        f.now.text(f"block/{array}/md/array_state", f.now.sys).strip() in ("broken", "inactive")),
    "battery_charge_percent": lambda f, name: int(
        f.now.text(f"class/power_supply/{name}/capacity", f.now.sys)),
    "memory_ecc_correctable_count": ecc("ce_count"),
    "memory_ecc_uncorrectable_count": ecc("ue_count"),
}
