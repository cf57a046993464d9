"""One moment of a machine as trees of /proc and sysfs tell it, and growth from one to the next."""

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


def growth64(before, now):
    return now - before if now >= before else None
