"""Every command line that the Markdown files show: run here, or named below with where it is run.

What stands in a block of ```sh is run with the built programs against an aggregator of its own. Commands
within a sentence are held against the tables of commands and options.
"""

import os
import pathlib
import re
import shutil
import subprocess

import pytest
from agent_probe import clean_environment

from batch_maker import BatchMaker
from chorus_harness import BIN, Aggregator, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[3]
# The change log tells of other releases, the fixtures of nothing to type.
FILES = sorted(path for path in [*ROOT.glob("*.md"), *(ROOT / "packaging").rglob("*.md")]
               if path.name != "CHANGELOG.md")

# Begin of a command: why it is not run here.
EXCEPTIONS = {
    r"(sudo )?packaging/quickstart": "tests/e2e/test_quickstart.py runs its program and its refusals",
    r"(sudo )?packaging/install-dependencies": "tests/run begins with it",
    r"packaging/build-packages": "tests/packages",
    r"(cmake|ctest|ninja|cd aggregator/web|npm|git) ": "builds what these tests run",
    r"tests/run": "it runs these tests",
    r"(build/bin/unit_|source tests/lib/servers.sh|/usr/bin/python3 -m pytest|stop_servers) ?": "does as tests/run does",
    r"(sudo )?(apt|apt-get|dpkg|dnf|rpm) ": "tests/packages installs the packages",
    r"(sudo )?(systemctl|journalctl|runuser|sysctl|install|docker|useradd) ": "needs a booted system: tests/packages",
    r"(sudo )?chorus-aggregator setup-db": "tests/integration/api/test_setup_db.py",
    r"chorus-aggregator notify-test": "needs the receiver: tests/integration/api/test_notifications.py",
    r"chorus-aggregator --web-root": "needs a build of the dashboard in dist: tests/e2e/test_web.py",
    r"curl .*/stream": "has no end: tests/integration/api/test_stream.py",
    r"(ssh|scp) ": "needs another machine",
    r"psql ": "tests/e2e/test_quickstart.py runs the line that it prints",
    r"kill ": "tests/integration/agent/test_daemon.py",
    r"(rm|truncate) -": "takes the machine its identity: tests/integration/agent/test_cloned_image.py",
    r"gdb ": "needs a debugger, and a program that is stopped",
    r"(mkdir -p tree/|cd /proc )": "records this machine, whose processes come and go",
}


def is_complete(text):
    return subprocess.run(["bash", "-n", "-c", text], capture_output=True, check=False).returncode == 0


def shown_commands(text):
    """The commands of all blocks of shell, with those that go over several lines joined."""
    for block in re.findall(r"^```(?:sh|bash|console)\n(.*?)^```", text, re.M | re.S):
        waiting, commands = "", []
        for line in block.splitlines():
            waiting += line + "\n"
            if waiting.strip() and is_complete(waiting) and not waiting.rstrip().endswith("\\"):
                if waiting.startswith("export ") and commands and commands[-1].startswith("export "):
                    commands[-1] += "\n" + waiting.strip()  # settings that belong together
                elif not waiting.lstrip().startswith("#"):
                    commands.append(waiting.strip())
                waiting = ""
        assert not waiting.strip(), f"a command without an end: {waiting}"
        yield from commands


COMMANDS = [pytest.param(path, command, id=f"{path.name}: {command.splitlines()[0][:60]}")
            for path in FILES for command in shown_commands(path.read_text(encoding="utf-8"))]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """An aggregator with a host web-01, and a folder in place of /etc/chorus."""
    etc = tmp_path_factory.mktemp("etc")
    with Aggregator() as running:
        assert running.ingest(BatchMaker("web-01").make(), running.token(name="web-01")).status == 200
        running.etc = etc
        running.admin = running.token("admin", "documents")
        with open(etc / "batch.json", "wb") as batch:  # as one command leaves it for the next
            subprocess.run([os.path.join(BIN, "chorus-agent"), "--test", "--config", "/dev/null"],
                           env=clean_environment(), stdout=batch, check=True, timeout=60)
        yield running


def environment_of(place, command):
    if "/ingest" in command:
        token = place.token(name="shown")
    elif "curl" in command:
        token = place.admin
    else:
        token = place.command("token", "create", "--role", "enrol", "--name", "shown").stdout.strip()
    place.hosts = getattr(place, "hosts", 0) + 1  # each command is given a host of its own
    shutil.rmtree(place.etc / "agent.conf.d", ignore_errors=True)  # what enrolling wrote
    (place.etc / "agent.conf").write_text(
        f"spool-dir = {place.etc}/state-{place.hosts}\nhostname = shown-{place.hosts}\n")
    (place.etc / "sealed.token").write_text(place.token(name="shown") + "\n")
    (place.etc / "sealed.token").chmod(0o600)
    return {**place.environment, **clean_environment(), "PATH": f"{BIN}:{os.environ['PATH']}",
            "TOKEN": token, "CHORUS_AGENT_TOKEN_FILE": str(place.etc / "sealed.token"),
            "CHORUS_AGGREGATOR_URL": f"http://127.0.0.1:{place.port}", "PORT": str(place.port)}


def adapted(place, command):
    """The command with this test's address, files and token in place of the examples'."""
    here = f"http://127.0.0.1:{place.port}"
    command = command.replace("$(hostname)", "web-01")
    command = command.replace("tests/fixtures/", f"{ROOT}/tests/fixtures/")
    command = re.sub(r"https?://(monitor\.example|127\.0\.0\.1:8082|localhost:8082)", here, command)
    for file in re.findall(r"/etc/chorus/[\w.-]+", command):
        path = place.etc / os.path.basename(file)
        if not path.exists() and "enroll" not in command:
            path.write_text("https://hook.example/x\n" if file.endswith("url") else "secret\n")
            path.chmod(0o600)
    command = command.replace("/etc/chorus/", f"{place.etc}/")
    command = re.sub(r"(?m)\s+#.*$", "", re.sub(r"^sudo ", "", command))
    command = re.sub(r"\bTOKEN\b(?!=)", "$TOKEN", command.replace("$TOKEN", "TOKEN"))
    if re.match(r"(\w+=\S+ )*chorus-agent\b", command):
        command = re.sub(r"\bchorus-agent\b(.*)", rf"chorus-agent\1 --config {place.etc}/agent.conf", command,
                         count=1)
    return command


def run(place, command):
    script = 'curl() { command curl -sSf "$@"; }\n' + adapted(place, command)
    return subprocess.run(["bash", "-c", script], env=environment_of(place, command), cwd=place.etc,
                          capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)


def runs_until_it_is_ended(place, command, sign):
    environment = environment_of(place, command) | {"PORT": "0"}
    log = place.etc / "log"
    with open(log, "wb") as output:
        process = subprocess.Popen(["bash", "-c", "exec " + adapted(place, command)], env=environment,
                                   cwd=place.etc, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: sign in log.read_text() or process.poll() is not None, 30, sign)
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
    assert process.wait(30) == 0, log.read_text()


@pytest.mark.parametrize("path, command", COMMANDS)
def test_a_command_that_is_shown_works(place, path, command):
    if any(re.match(begin, command) for begin in EXCEPTIONS):
        return
    bare = re.sub(r"\s+#.*$", "", command)
    if bare == "chorus-aggregator":
        runs_until_it_is_ended(place, command, "Listening")
    elif bare == "chorus-agent":
        runs_until_it_is_ended(place, command, "Agent started")
    elif command.startswith("export "):
        program = "chorus-agent" if "CHORUS_AGENT" in command else "chorus-aggregator"
        done = run(place, f"{command}\n{program} --check-config")
        assert done.returncode == 0, done.stderr
    elif re.match(r"(sudo )?(\w+=\S* )*(\w+=\$\()?(chorus-(agent|aggregator)|curl) ", command):
        done = run(place, command)
        # Of a command that tells of a state any answer will do.
        told = re.search(r"chorus-\w+ (status|check-host|check-service)\b", command)
        allowed = (0, 1, 2, 3, 69) if told else (0,)
        assert done.returncode in allowed, done.stdout + done.stderr
    else:
        pytest.fail(f"{path.name} shows a command that nothing runs; run it here, or name it in EXCEPTIONS"
                    f" with the reason: {command}")


def names_of(program):
    text = subprocess.run([os.path.join(BIN, program), "--help=all"], capture_output=True, text=True,
                          timeout=20, check=True).stdout
    commands = set(re.findall(r"(?m)^  ([a-z][a-z-]+)", text.partition("\nSettings")[0]))
    options = set(re.findall(r"(--[a-z][a-z-]+)", text)) | {"--help"}
    script = (ROOT / program.removeprefix("chorus-") / "command_table.cpp").read_text()
    return commands, options | set(re.findall(r'"(--[a-z-]+)"', script))


@pytest.mark.parametrize("program", ["chorus-agent", "chorus-aggregator"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_commands_in_sentences_exist(path, program):
    commands, options = names_of(program)
    for code in re.findall(r"`([^`\n]+)`", path.read_text(encoding="utf-8")):
        match = re.search(rf"^(?:.*\s)?{program}((?: .*)?)$", code)
        if not match or "systemctl" in code or "journalctl" in code or "/" in code.split(program)[0]:
            continue
        words = match[1].split()
        if words and re.fullmatch(r"[a-z][a-z-]+", words[0]):
            assert words[0] in commands, code
        for word in words:
            if word.startswith("--"):
                option = word.split("=")[0].strip(",.;)")
                assert option in options or option + "-file" in options, code
