"""No folder and no source file grows beyond what one can keep in mind (tests/lib/sizes.py)."""

import pathlib
import subprocess

import pytest

import sizes

ROOT = pathlib.Path(__file__).resolve().parents[3]


def test_only_what_is_listed_is_too_large():
    assert sizes.check(ROOT) == []


def check(folder, counts, folders=(), files=()):
    """`counts` is lines by name of file."""
    subprocess.run(["git", "init", "-q", folder], check=True)
    for name, lines in counts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x\n" * lines)
    return sizes.check(folder, folders, files)


FULL = {f"a/{i}.{end}": 1 for i in range(20) for end in ("cpp", "h")}


@pytest.mark.parametrize(("counts", "listed", "faults"), [
    ({**FULL, "a/notes.md": 999, "b/long.cpp": 350}, {}, []),
    ({**FULL, "a/one.h": 1}, {}, ["a has 41 source files, more than 40"]),
    ({**FULL, "a/one.h": 1}, {"folders": ("a",)}, []),
    (FULL, {"folders": ("a",)},
     ["a is listed, but has no more than 40 source files; take it from the list"]),
    ({"b/long.py": 351}, {}, ["b/long.py has 351 lines, more than 350"]),
    ({"b/long.py": 351}, {"files": ("b/long.py",)}, []),
    ({"b/long.py": 350}, {"files": ("b/long.py",)},
     ["b/long.py is listed, but has no more than 350 lines; take it from the list"]),
    ({}, {"files": ("b/gone.cpp",)},
     ["b/gone.cpp is listed, but has no more than 350 lines; take it from the list"]),
])
def test_what_is_too_large_is_told(tmp_path, counts, listed, faults):
    assert check(tmp_path, counts, **listed) == faults


def test_what_git_ignores_does_not_count(tmp_path):
    (tmp_path / ".gitignore").write_text("build/\n")
    assert check(tmp_path, {"build/made.cpp": 999}) == []
