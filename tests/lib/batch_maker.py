"""Batches as an agent sends them, for tests that are the agent."""

import time
import uuid


def timestamp(seconds_ago=0.0):
    """RFC 3339 with microseconds."""
    now = time.time() - seconds_ago
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    return f"{whole}.{int(now % 1 * 1e6):06d}Z"


class BatchMaker:
    """Valid batches of one agent, numbered from 1."""

    def __init__(self, hostname="web-01", agent_id=None):
        self.hostname = hostname
        self.agent_id = agent_id or str(uuid.uuid4())
        self.epoch = str(uuid.uuid4())
        self.boot_id = str(uuid.uuid4())
        self.seq = 0

    def make(self, metrics=None, processes=None, seconds_ago=0.0, **changes):
        """`metrics`: {name or (name, label): (value, unit)}; `processes`: list of row objects."""
        self.seq += 1
        if metrics is None:
            metrics = {"cpu_usage_percent": (12.5, "percent"),
                       "memory_usage_percent": (40.25, "percent"),
                       "disk_usage_percent": (61.2, "percent"),
                       ("disk_usage_percent", "/var"): (71.5, "percent")}
        layout, values = [], []
        for key, (value, unit) in metrics.items():
            name, label = key if isinstance(key, tuple) else (key, "")
            layout.append([name, label, unit])
            values.append(value)
        batch = {
            "agent": {"id": self.agent_id, "version": "1.0.0", "interval_seconds": 30},
            "epoch": self.epoch, "seq": self.seq, "hostname": self.hostname,
            "boot_id": self.boot_id, "timestamp": timestamp(seconds_ago), "sent_at": timestamp(),
            "host": {"os": "Debian GNU/Linux 12", "kernel": "6.1.0", "cpu_model": "test",
                     "cpu_count": 4, "memory_total_bytes": 8 << 30,
                     "boot_time": "2026-01-01T00:00:00Z"},
            "metrics": {"layout": layout, "values": values}}
        if processes is None:
            processes = [process(1, "systemd"), process(812, "python", cpu_percent=12.3)]
        if processes:
            columns = list(processes[0])
            batch["processes"] = {"columns": columns, "scanned": len(processes),
                                  "rows": [[row[c] for c in columns] for row in processes]}
        batch.update(changes)
        return batch


def process(pid, name, **changes):
    """One process row with every first-cut column."""
    row = {"pid": pid, "start_ticks": 1000 + pid, "name": name, "ppid": 1, "state": "sleeping",
           "user": "root", "num_threads": 3, "cpu_percent": 1.5, "memory_rss_bytes": 64 << 20,
           "memory_percent": 0.78125, "disk_read_bytes": 4096, "disk_write_bytes": 8192}
    row.update(changes)
    return row
