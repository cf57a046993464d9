"""Planted load of a known amount stands under the right name with the right amount."""

import os
import subprocess
import sys

import pytest
from chorus_harness import Agent, Aggregator, wait_until

# It measures what the machine does, so nothing else may keep it busy.
pytestmark = pytest.mark.alone

MIB = 1 << 20
BURNER = "while True: pass"
HOG = f"data = bytearray(b'x') * (200 * {MIB}); import time; time.sleep(600)"
# Writes 4 MiB and waits until the disk has it, again and again.
WRITER = f"""
import os, sys, time
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT, 0o600)
piece = os.urandom({MIB})
while True:
    os.lseek(fd, 0, os.SEEK_SET)
    for _ in range(4):
        os.write(fd, piece)
    os.fsync(fd)
    time.sleep(0.2)
"""
# Children that burn 5 ms each and are gone before anybody looks.
FORKER = """
import os, time
while True:
    child = os.fork()
    if child == 0:
        end = time.process_time() + 0.005
        while time.process_time() < end:
            pass
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.fixture
def planted(tmp_path):
    programs = {}
    for name, code in (("burner", BURNER), ("hog", HOG), ("writer", WRITER),
                       ("forker", FORKER)):
        link = tmp_path / f"planted-{name}"
        os.symlink(sys.executable, link)
        # The name of a process is that of the file it was started by.
        programs[name] = subprocess.Popen([str(link), "-c", code, str(tmp_path / "data")])
    yield programs
    for program in programs.values():
        program.kill()
        program.wait()


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat", encoding="ascii").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children_cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat", encoding="ascii").read().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def written(pid):
    for line in open(f"/proc/{pid}/io", encoding="ascii"):
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    raise AssertionError("no write_bytes")


def test_each_stands_under_its_name_with_its_amount(planted):
    with Aggregator() as aggregator, Agent(aggregator, "planted-01"):
        def rows(name):
            return aggregator.sql(
                "SELECT process_id, cpu_percent, memory_mb, disk_write_bytes,"
                " extract(epoch FROM timestamp) FROM monitoring.process_metrics"
                f" WHERE process_name = 'planted-{name}' AND cpu_percent IS NOT NULL"
                " ORDER BY timestamp")

        wait_until(lambda: len(rows("burner")) >= 2, 30, "the burner")
        cpu_before, moment = cpu_seconds(planted["burner"].pid), float(rows("burner")[-1][4])
        wait_until(lambda: len(rows("burner")) >= 10, 40, "ten samples")

        seen = rows("burner")
        assert {row[0] for row in seen} == {str(planted["burner"].pid)}
        later = [row for row in seen if float(row[4]) > moment]
        told = sum(float(row[1]) / 100 * (float(row[4]) - float(previous[4]))
                   for previous, row in zip(seen[-len(later) - 1:], later))
        really = cpu_seconds(planted["burner"].pid) - cpu_before
        # The two intervals do not begin and end at the same moments.
        assert told == pytest.approx(really, abs=1.6)

        # What its children used stands with the one that made them and waited for them.
        forker = aggregator.sql(
            "SELECT children_cpu_percent, extract(epoch FROM timestamp) FROM"
            " monitoring.process_metrics WHERE process_id = "
            f"{planted['forker'].pid} AND children_cpu_percent IS NOT NULL ORDER BY timestamp")
        told = sum(float(row[0]) / 100 * (float(row[1]) - float(previous[1]))
                   for previous, row in zip(forker, forker[1:]))
        really = children_cpu_seconds(planted["forker"].pid)
        assert told == pytest.approx(really, rel=0.1, abs=2.5)
        assert told > 1

        hog = rows("hog")[-1]
        assert hog[0] == str(planted["hog"].pid)
        assert 200 <= float(hog[2]) < 230

        last = rows("writer")[-1]
        assert last[0] == str(planted["writer"].pid)
        now = written(planted["writer"].pid)
        if now == 0:
            pytest.skip("needs: a temporary directory on a disk")
        assert 0 < int(last[3]) <= now
        assert int(last[3]) >= now - 40 * MIB, "two seconds ago at most"

        most = aggregator.get("/api/v1/metrics/processes?hostname=planted-01&sort=memory_mb&limit=200")
        assert "planted-hog" in {row["process_name"] for row in most.json}
        busy = aggregator.get(
            "/api/v1/metrics/processes?hostname=planted-01&sort=cpu_percent&limit=5")
        assert "planted-burner" in {row["process_name"] for row in busy.json}
