"""tests/run counts every failure: of a case, and of a program that ends badly although no case failed."""

import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]

CASE = '<testcase name="{}">{}</testcase>'
GOOD = CASE.format("a", "")
BAD = CASE.format("b", '<failure message="no"/>')
LACKS = CASE.format("c", '<skipped message="needs: a disk"/>')
SKIPPED = CASE.format("d", '<skipped message="some day"/>')


def counts(folder, call):
    """Passed, failed and not run after that call, and what was said."""
    (folder / "t").mkdir()
    script = (f"set -euo pipefail\nroot={ROOT} build={folder} work={folder}\n"
              "passed=0 failed=0 not_run=0 reports=0 pytest_options=()\n"
              f"source {ROOT}/tests/lib/suites.sh\n{call}\necho $passed $failed $not_run\n")
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return tuple(map(int, done.stdout.split("\n")[-2].split())), done.stdout + done.stderr


def program(folder, name, cases, ending):
    """One that writes that report and ends like that."""
    report = "" if cases is None else f"echo '<testsuites>{cases}</testsuites>' >\"${{2#--gtest_output=xml:}}\"\n"
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/bash\n{report}echo 'the log' >&2\n{ending}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(("cases", "ending", "expected"), [
    (GOOD, "exit 0", (1, 0, 0)),
    (GOOD + BAD, "exit 1", (1, 1, 0)),
    (GOOD + LACKS, "exit 0", (1, 0, 1)),
    (GOOD + SKIPPED, "exit 0", (1, 1, 0)),
    # A leak is found when all cases have passed.
    (GOOD, "exit 23", (1, 1, 0)),
    (GOOD, "kill -SEGV $$", (1, 1, 0)),
    (GOOD + LACKS, "exit 23", (1, 1, 1)),
    (None, "kill -ABRT $$", (0, 1, 0)),
    (None, "exit 0", (0, 1, 0))], ids=range(9))
def test_a_program_that_ends_badly_is_a_failure(tmp_path, cases, ending, expected):
    program(tmp_path, "unit_one", cases, ending)
    program(tmp_path, "unit_two", GOOD, "exit 0")
    program(tmp_path, "integration_other", BAD, "exit 1")
    numbers, said = counts(tmp_path, "run_programs unit")
    assert numbers == (expected[0] + 1, *expected[1:])
    assert ("the log" in said) == (ending != "exit 0")


@pytest.mark.parametrize("argument", ["--bogus", "-k", "unti", ""])
def test_what_is_no_part_is_refused_before_anything_is_built(tmp_path, argument):
    environment = {"PATH": "/usr/bin:/bin", "CHORUS_BUILD_DIR": str(tmp_path / "build")}
    done = subprocess.run([ROOT / "tests/run", argument], env=environment, capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 64 and done.stdout == ""
    assert "tests/run all|unit|" in done.stderr
    assert not (tmp_path / "build").exists()


@pytest.mark.parametrize(("text", "options", "expected"), [
    ("def test_one(): pass", "", (1, 0, 0)),
    ("def test_one(): pass", "-n 2", (1, 0, 0)),
    ("def test_one(): pass", "-k nothing", (0, 0, 0)),
    ("def test_one(): pass", "-n 2 -k nothing", (0, 0, 0)),
    ("def test_one(): assert False", "-n 2", (0, 1, 0)),
    ("import no_such_module", "-n 2 -k nothing", (0, 1, 0)),
    ("import os\ndef test_one(): os._exit(0)", "-n 2", (0, 1, 0)),
    ("import pytest\ndef test_one(): pass\ndef test_two(): pytest.exit('enough', 3)", "", (2, 1, 0)),
    ("def test_one(): pass", "--no-such-option", (0, 1, 0))], ids=range(9))
def test_what_pytest_could_not_run_is_a_failure(tmp_path, text, options, expected):
    (tmp_path / "test_it.py").write_text(text + "\n")
    numbers, said = counts(tmp_path, f"run_pytest {tmp_path}/test_it.py {options}")
    assert numbers == expected, said
