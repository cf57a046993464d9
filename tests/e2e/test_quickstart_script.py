"""`packaging/quickstart` refuses what cannot work before it installs or builds anything."""

import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile

import pytest

from chorus_harness import free_port

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "quickstart"


@pytest.fixture
def directory():
    path = tempfile.mkdtemp(prefix="chorus-qs-", dir="/tmp")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path)


def refused(*arguments, **more):
    return subprocess.run([str(SCRIPT), *arguments], capture_output=True, text=True, timeout=20, check=False,
                          env={**os.environ, "CHORUS_BUILD_DIR": "/nowhere/build"}, **more)


def test_a_port_in_use_is_told_before_anything_is_done(directory):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = refused("--port", str(port), "--data-dir", f"{directory}/data")
    assert done.returncode == 69
    assert f"port {port} is in use by" in done.stderr and f"(process {os.getpid()})" in done.stderr
    assert "--port" in done.stderr and os.listdir(directory) == []


@pytest.mark.skipif(os.getuid() != 0, reason="needs: root")
def test_a_directory_that_the_servers_cannot_enter_is_named(directory):
    barred = pathlib.Path(directory) / "mine"
    (barred / "deeper").mkdir(parents=True)
    barred.chmod(0o700)
    done = refused("--port", str(free_port()), "--data-dir", f"{barred}/deeper/data")
    assert done.returncode == 77
    assert f"cannot enter {barred}," in done.stderr and f"chmod o+x {barred}" in done.stderr
    assert "--data-dir" in done.stderr and not (barred / "deeper" / "data").exists()


def test_a_directory_with_other_files_is_left_alone(directory):
    (pathlib.Path(directory) / "letter").write_text("mine")
    before = os.stat(directory)
    done = refused("--port", str(free_port()), "--data-dir", directory)
    assert done.returncode == 73 and "holds other files" in done.stderr
    after = os.stat(directory)
    assert (after.st_uid, after.st_mode) == (before.st_uid, before.st_mode)
    assert os.listdir(directory) == ["letter"]


@pytest.mark.skipif(os.getuid() != 0, reason="needs: root, to become somebody else")
def test_who_may_not_write_there_is_told(directory):
    nobody = pwd.getpwnam("nobody").pw_uid
    done = refused("--port", str(free_port()), "--data-dir", f"{directory}/data",
                   user=nobody, group=nobody, extra_groups=[], cwd="/")
    assert done.returncode in (73, 77) and "--data-dir" in done.stderr
    assert f"{directory}/data" in done.stderr


@pytest.mark.parametrize("arguments,word", [
    (["--port=0"], "--port"), (["--port", "70000"], "--port"), (["--port", "x"], "--port"),
    (["--colour"], "--colour"), (["--data-dir"], "needs a value"), (["--prot", "1"], "--port"),
    (["now"], "now")])
def test_wrong_arguments_are_named(arguments, word):
    done = refused(*arguments)
    assert done.returncode == 64 and word in done.stderr
