"""Figures of disks, interfaces, sensors and control groups: those that have a label."""

from kernel_state import DISK, NET, growth, growth64, known


class DeviceFigures:
    """Of a machine at two moments, `before` and `now`, which lie `seconds` apart."""

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


class CgroupFigures:
    """As DeviceFigures. Version 2 of control groups: Documentation/admin-guide/cgroup-v2.rst."""

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
