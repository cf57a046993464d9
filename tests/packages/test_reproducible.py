"""Two builds of the same sources give the same bytes."""

import hashlib
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    """Every package built anew, in a folder of another length and without what a cache knows."""
    folder = tmp_path_factory.mktemp("the-same-sources-elsewhere")
    copy, out = folder / "copy", folder / "out"
    copy.mkdir()
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    archive = subprocess.run(["tar", "--null", "-T", "-", "-cf", "-"], cwd=ROOT, input=names.stdout,
                             capture_output=True, check=True)
    subprocess.run(["tar", "-xf", "-"], cwd=copy, input=archive.stdout, check=True)
    time = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True,
                          text=True, check=True).stdout.strip()
    # The sources of the .rpm are what git knows.
    subprocess.run("git init -q && git add -A", shell=True, cwd=copy, check=True)
    environment = {**os.environ, "CCACHE_DIR": str(folder / "ccache"), "SOURCE_DATE_EPOCH": time}
    environment.pop("CHORUS_BUILD_DIR", None)
    for kind in ("deb", "rpm"):
        done = subprocess.run([copy / "packaging/build-packages", kind, out], env=environment,
                              capture_output=True, text=True, timeout=7200, check=False)
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return out


def test_two_builds_give_the_same_packages(packages, again):
    first = {path.name: digest(path) for path in packages.folder.iterdir()}
    second = {path.name: digest(path) for path in again.iterdir()}
    assert len(first) == 5
    assert first == second
