"""The golden files against figures that another program works out from the same trees."""

import re
from pathlib import Path

import pytest
from kernel_figures import HOST, LABELLED, Figures

ROOT = Path(__file__).resolve().parents[3]
FIXTURES = ROOT / "tests/fixtures"
LATER = {"sys_later": "sys-later"}
MACHINES = {"server": {}, "recorded-vm": {"later": "proc"}, "many-core": LATER,
            "systemd-host": LATER, "raid-server": LATER}
LINE = re.compile(r"^([a-z0-9_]+)\{(.*)\} (\S+) (\S+)$")
# What no tree tells: file systems by statvfs(3), the clock by adjtimex(2), systemd over its bus, the
# agent itself. They are compared with df, adjtimex, a bus and psutil in other tests.
OF_NO_TREE = re.compile(r"^(agent_|filesystem_|unit_|system_clock_|system_units_"
                        r"|disk_(usage_percent|total_gb|used_gb|free_gb)$)")
# kernel_state_test.cpp
ELSEWHERE = re.compile(r"^memory_zfs_arc_bytes$")


def golden(machine):
    lines = (FIXTURES / machine / "golden.txt").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if not line.startswith(("{", "[")) and (match := LINE.match(line)):
            name, label, value, _ = match.groups()
            yield name, label, None if value == "null" else float(value)


@pytest.mark.parametrize("machine", MACHINES)
def test_golden_figures_are_recomputed(machine):
    figures = Figures(FIXTURES / machine, **MACHINES[machine])
    wrong, compared = [], 0
    for name, label, value in golden(machine):
        if OF_NO_TREE.match(name):
            continue
        expected = figures.value(name, label)
        compared += 1
        if value is None or expected is None:
            same = value is None and expected is None
        else:
            same = value == pytest.approx(expected, rel=2e-4, abs=1e-3)
        if not same:
            wrong.append((name, label, "golden", value, "recomputed", expected))
    assert not wrong, "\n".join(map(str, wrong))
    print(f"{machine}: {compared} figures recomputed")
    assert compared > 60


def test_every_metric_of_the_catalogue_is_recomputed():
    catalogue = (ROOT / "common/batch/catalogue.cpp").read_text(encoding="utf-8")
    names = re.findall(r'MetricInfo\{"([a-z0-9_]+)"', catalogue)
    assert len(names) > 150
    shown = {name for machine in MACHINES for name, _, _ in golden(machine)}
    missing = [name for name in names if name not in shown
               and not OF_NO_TREE.match(name) and not ELSEWHERE.match(name)]
    assert not missing, f"in no golden file: {missing}"
    known = {name for name, _ in HOST} | set(LABELLED)
    by_family = re.compile(r"^(disk_|network_|pressure_|sensor_|cgroup_|cpu_core_usage_percent)")
    assert not [name for name in shown if name not in known and not by_family.match(name)
                and not OF_NO_TREE.match(name)]
