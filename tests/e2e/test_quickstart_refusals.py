"""What `chorus-aggregator quickstart` and the script that builds it say before they do anything."""

import os
import pathlib
import pwd
import socket
import subprocess

import pytest

from chorus_harness import BIN, free_port

COMMAND = (os.path.join(BIN, "chorus-aggregator"), "quickstart")
SCRIPT = (str(pathlib.Path(__file__).resolve().parents[2] / "packaging" / "quickstart"),)
# The script refuses before it installs or builds; here it has no build to find.
NOWHERE = {**os.environ, "CHORUS_BUILD_DIR": "/nowhere/build"}


def refused(how, *arguments, env=None, **more):
    return subprocess.run([*how, *arguments], capture_output=True, text=True, timeout=20,
                          check=False, env=env or NOWHERE, **more)


@pytest.mark.parametrize("how", [COMMAND, SCRIPT], ids=["command", "script"])
@pytest.mark.parametrize("arguments,word", [
    (["--port=0"], "--port"), (["--port", "70000"], "--port"), (["--port", "x"], "--port"),
    (["--colour"], "--colour"), (["--data-dir"], "needs a value"), (["--prot", "1"], "--port"),
    (["now"], "now")])
def test_wrong_arguments_are_named(how, arguments, word):
    done = refused(how, *arguments)
    assert done.returncode == 64 and word in done.stderr


@pytest.mark.parametrize("how", [COMMAND, SCRIPT], ids=["command", "script"])
def test_a_port_in_use_is_told_before_anything_is_done(how, directory):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = refused(how, "--port", str(port), "--data-dir", f"{directory}/data")
    assert done.returncode == 69
    assert f"port {port} is in use by" in done.stderr and f"(process {os.getpid()})" in done.stderr
    assert "--port" in done.stderr and os.listdir(directory) == []


@pytest.mark.skipif(os.getuid() != 0, reason="needs: root")
@pytest.mark.parametrize("how", [COMMAND, SCRIPT], ids=["command", "script"])
def test_a_directory_that_the_servers_cannot_enter_is_named(how, directory):
    barred = pathlib.Path(directory) / "mine"
    (barred / "deeper").mkdir(parents=True)
    barred.chmod(0o700)
    done = refused(how, "--port", str(free_port()), "--data-dir", f"{barred}/deeper/data")
    assert done.returncode == 77
    assert f"cannot enter {barred}," in done.stderr and f"chmod o+x {barred}" in done.stderr
    assert "--data-dir" in done.stderr and not (barred / "deeper" / "data").exists()


@pytest.mark.skipif(os.getuid() != 0, reason="needs: root, to become somebody else")
@pytest.mark.parametrize("how", [COMMAND, SCRIPT], ids=["command", "script"])
def test_who_is_not_root_gets_no_advice_for_root(how, directory):
    barred = pathlib.Path(directory) / "not mine"
    barred.mkdir(mode=0o700)
    environment = {**NOWHERE, "HOME": "/somebody"}
    environment.pop("XDG_DATA_HOME", None)
    nobody = pwd.getpwnam("nobody").pw_uid
    done = refused(how, "--port", str(free_port()), "--data-dir", f"{barred}/data", env=environment,
                   user=nobody, group=nobody, extra_groups=[], cwd="/")
    assert done.returncode == 77 and f"cannot enter {barred}," in done.stderr
    assert done.stderr.endswith("for example /somebody/.local/share/chorus\n")


@pytest.mark.parametrize("how", [COMMAND, SCRIPT], ids=["command", "script"])
def test_help_tells_every_option_with_its_default(how):
    text = refused(how, "--help").stdout
    for word in ("--data-dir", "/var/lib/chorus-quickstart", "--port", "8082", "--listen",
                 "127.0.0.1", "--no-agent"):
        assert word in text, word


def script_with_build(directory, last_step):
    """The script with another cmake: one that tells 200 steps and then does this."""
    programs = pathlib.Path(directory) / "programs"
    (programs / "build" / "bin").mkdir(parents=True)
    cmake = programs / "cmake"
    cmake.write_text(f"""#!/bin/bash
[[ $1 == --build ]] || exit 0
for ((i = 1; i <= 200; ++i)); do echo "[$i/200] Building file-$i.o"; done
cd {programs}/build/bin && {last_step}
""")
    cmake.chmod(0o755)
    return subprocess.run([*SCRIPT, "--port", str(free_port()), "--data-dir", f"{directory}/data"],
                          env={**os.environ, "CHORUS_BUILD_DIR": f"{programs}/build",
                               "PATH": f"{programs}:{os.environ['PATH']}"},
                          capture_output=True, text=True, timeout=60, check=False)


def test_the_script_tells_how_far_the_build_is(directory):
    done = script_with_build(
        directory, r"printf '#!/bin/sh\necho started $1\n' >chorus-aggregator; chmod +x chorus-aggregator")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Building") and lines[-1] == "started quickstart"
    assert lines[1:-1] == [f"  {percent} % built" for percent in range(10, 101, 10)]


def test_the_script_shows_the_end_of_a_build_that_fails(directory):
    done = script_with_build(directory, "echo 'error: no such header'; exit 1")
    assert done.returncode == 70 and "error: no such header" in done.stderr
    log = done.stderr.split()[-1]
    assert "file-1.o" in pathlib.Path(log).read_text()
    os.remove(log)


@pytest.mark.parametrize("how", [COMMAND, SCRIPT], ids=["command", "script"])
def test_a_directory_with_other_files_is_left_alone(how, directory):
    (pathlib.Path(directory) / "letter").write_text("mine")
    before = os.stat(directory)
    done = refused(how, "--port", str(free_port()), "--data-dir", directory)
    assert done.returncode == 73 and "holds other files" in done.stderr
    after = os.stat(directory)
    assert (after.st_uid, after.st_mode) == (before.st_uid, before.st_mode)
    assert os.listdir(directory) == ["letter"]


@pytest.mark.skipif(os.getuid() != 0, reason="needs: root, to become somebody else")
@pytest.mark.parametrize("how", [COMMAND, SCRIPT], ids=["command", "script"])
def test_who_may_not_write_there_is_told(how, directory):
    nobody = pwd.getpwnam("nobody").pw_uid
    done = refused(how, "--port", str(free_port()), "--data-dir", f"{directory}/data",
                   user=nobody, group=nobody, extra_groups=[], cwd="/")
    assert done.returncode in (73, 77) and "--data-dir" in done.stderr
    assert f"{directory}/data" in done.stderr


def test_it_stays_on_loopback_unless_a_proxy_speaks_tls(directory):
    done = refused(COMMAND, "--listen", "0.0.0.0", "--port", str(free_port()), "--data-dir",
                   f"{directory}/data")
    assert done.returncode == 78 and "ssh -L" in done.stderr
    assert "CHORUS_BEHIND_TLS_PROXY" in done.stderr and os.listdir(directory) == []
