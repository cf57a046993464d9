"""The .deb packages in a Debian of their own: installed, set up, run, upgraded, removed, purged."""

import json
import os
import pathlib
import re
import subprocess

import pytest

from chorus_harness import wait_until
from debian_tree import Tree

ROOT = pathlib.Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs: root")

PROGRAMS = ("agent", "aggregator")
URL = "http://127.0.0.1:8082"


@pytest.fixture
def tree(needed):
    tree = Tree(needed)
    yield tree
    tree.close()


def api(tree, path, token=None):
    """GET from inside, where no curl is."""
    head = f"Authorization: Bearer {token}\\r\\n" if token else ""
    done = tree.run("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8082 && printf 'GET "
                    f"{path} HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n{head}\\r\\n'"
                    " >&3 && cat <&3", check=False)
    status, _, rest = done.stdout.partition("\n")
    body = rest.partition("\n\n")[2]
    return (int(status.split()[1]), json.loads(body)) if status else (0, None)


def set_up(tree, hostname="web-01"):
    """What the operator's guide says, from the installed packages to data that flows."""
    tree.start_postgresql()
    tree.start_redis()
    done = tree.run("chorus-aggregator", "setup-db")
    assert "made role chorus-aggregator" in done.stdout
    aggregator = tree.service("chorus-aggregator")
    wait_until(lambda: api(tree, "/ready")[0] == 200, 60, "/ready")
    token = tree.run("chorus-aggregator", "token", "create", "--role", "enrol", "--name",
                     hostname).stdout.strip()
    tree.run("chorus-agent", "enroll", URL, "-", "--hostname", hostname, stdin=token)
    drop_in = "/etc/chorus/agent.conf.d/interval.conf"
    tree.path(drop_in).write_text("metrics-collection-interval = 1\n")
    tree.run(f"chgrp chorus-agent {drop_in} && chmod 640 {drop_in}")
    agent = tree.service("chorus-agent")
    wait_until(lambda: batches(tree) > 1, 60, "batches in the database")
    return aggregator, agent


def batches(tree):
    done = tree.run("psql", "-Atqd", "chorus_monitoring", "-c",
                    "SELECT count(*) FROM monitoring.system_batches", user="postgres")
    return int(done.stdout)


def test_lintian_has_nothing_to_say(packages):
    done = subprocess.run(["lintian", "--allow-root", "--tag-display-limit", "0", "--fail-on",
                           "error,warning", *packages.debs],
                          capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0 and not re.search(r"(?m)^[EW]:", done.stdout), done.stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_overrides_are_few_and_explained(packages, program):
    done = subprocess.run(["dpkg-deb", "--fsys-tarfile", packages.deb(program)],
                          capture_output=True, check=True)
    text = subprocess.run(["tar", "-xO", f"./usr/share/lintian/overrides/chorus-{program}"],
                          input=done.stdout, capture_output=True, check=True).stdout.decode()
    lines = text.splitlines()
    tags = [line for line in lines if not line.startswith("#")]
    assert len(tags) <= 3
    for tag in tags:
        assert lines[lines.index(tag) - 1].startswith("#"), tag


def test_what_is_installed_belongs_to_the_right_user(tree, packages):
    tree.install(*packages.debs)
    for program in PROGRAMS:
        name = f"chorus-{program}"
        passwd = tree.run("getent", "passwd", name).stdout.strip().split(":")
        assert int(passwd[2]) < 1000 and passwd[5] == "/nonexistent"
        assert passwd[6] == "/usr/sbin/nologin"
        assert tree.run("id", "-Gn", name).stdout.split() == [name]
        assert not tree.path("/nonexistent").exists()
        linked = tree.run("ldd", f"/usr/bin/{name}").stdout
        assert "not found" not in linked
        assert tree.run(name, "--version").stdout == f"{name} {version(tree, name)}\n"
    files = tree.files("/etc/chorus", "/var/lib/chorus-agent", "/var/lib/chorus-aggregator")
    assert files == {
        "/etc/chorus": "755 root:root",
        "/etc/chorus/agent.conf": "644 root:root",
        "/etc/chorus/agent.conf.d": "750 root:chorus-agent",
        "/etc/chorus/aggregator.conf": "640 root:chorus-aggregator",
        "/etc/chorus/aggregator.conf.d": "750 root:chorus-aggregator",
        "/var/lib/chorus-agent": "700 chorus-agent:chorus-agent",
        "/var/lib/chorus-aggregator": "700 chorus-aggregator:chorus-aggregator"}
    owned = tree.run("dpkg -L chorus-agent chorus-aggregator | xargs -r stat -Lc '%a %U %n'")
    for line in owned.stdout.splitlines():
        mode, owner, path = line.split(" ", 2)
        assert owner == "root" and not int(mode, 8) & 0o022, line
    assert tree.run("man", "-w", "chorus-agent").stdout.strip().endswith("chorus-agent.8.gz")
    assert tree.run("man", "-w", "5", "chorus-aggregator.conf").returncode == 0


def version(tree, name):
    return tree.status(name).split()[1].partition("-")[0]


def test_from_install_to_data_that_flows(tree, packages):
    tree.install(*packages.debs)
    told = tree.run("chorus-agent", "status", check=False)
    assert told.returncode == 78 and "chorus-agent enroll URL TOKEN" in told.stdout
    aggregator, agent = set_up(tree)
    status, hosts = api(tree, "/api/v1/hosts")
    assert status == 200 and [h["hostname"] for h in hosts] == ["web-01"]
    assert hosts[0]["status"] == "up"
    for program in PROGRAMS:
        told = tree.run(f"chorus-{program}", "status", check=False)
        assert told.returncode == 0, told.stdout + tree.log(f"chorus-{program}")
    line = tree.run("chorus-aggregator", "check-host", "web-01").stdout
    assert line.startswith("OK - web-01 is up")
    # Neither daemon wrote outside its state, nor may read the other's secrets.
    files = tree.files("/etc/chorus", "/var/lib/chorus-agent")
    assert files["/etc/chorus/agent.token"] == "640 root:chorus-agent"
    assert files["/var/lib/chorus-agent/agent-id"] == "600 chorus-agent:chorus-agent"
    for user, path in (("chorus-agent", "/etc/chorus/aggregator.conf"),
                       ("chorus-aggregator", "/etc/chorus/agent.token")):
        assert tree.run("cat", path, user=user, check=False).returncode != 0
    assert tree.stop(agent) == 0 and tree.stop(aggregator) == 0


def test_an_upgrade_keeps_data_and_edited_config(tree, packages, previous):
    tree.install(*previous)
    for program in PROGRAMS:
        assert tree.status(f"chorus-{program}") == "installed 0.9.0-1"
    aggregator, agent = set_up(tree)
    edited = tree.path("/etc/chorus/aggregator.conf")
    edited.write_text(edited.read_text() + "\nretention-alert-days = 7\n")
    before, token = batches(tree), tree.path("/etc/chorus/agent.token").read_text()
    identity = tree.path("/var/lib/chorus-agent/agent-id").read_text()
    assert tree.stop(agent) == 0 and tree.stop(aggregator) == 0

    tree.install(*packages.debs)
    for program in PROGRAMS:
        assert not tree.status(f"chorus-{program}").endswith(" 0.9.0-1")
    assert "retention-alert-days = 7" in edited.read_text()
    assert "release 0.9.0" in edited.read_text()
    assert "release 0.9.0" not in tree.path("/etc/chorus/agent.conf").read_text()
    files = tree.files("/etc/chorus")
    assert files["/etc/chorus/aggregator.conf"] == "640 root:chorus-aggregator"
    assert tree.path("/etc/chorus/agent.token").read_text() == token
    assert tree.path("/var/lib/chorus-agent/agent-id").read_text() == identity

    aggregator, agent = tree.service("chorus-aggregator"), tree.service("chorus-agent")
    wait_until(lambda: batches(tree) > before, 60, "new batches after the upgrade")
    told = tree.run("chorus-aggregator", "--print-config").stdout
    assert re.search(r"retention-alert-days = 7\s+# /etc/chorus/aggregator.conf", told)
    assert tree.stop(agent) == 0 and tree.stop(aggregator) == 0


def test_a_dump_brings_everything_back_as_the_guide_says(tree, packages):
    tree.install(*packages.debs)
    aggregator, agent = set_up(tree)
    assert tree.stop(agent) == 0 and tree.stop(aggregator) == 0
    before = batches(tree)
    guide = (ROOT / "packaging/docs/operators-guide.md").read_text()
    shell = re.search(r"(?s)## Backup.*?```sh\n(.*?)```.*?```sh\n(.*?)```", guide)
    for command in (shell[1] + shell[2]).splitlines():
        if not command.startswith("systemctl"):
            tree.run(f"cd /root; {command}")
    assert batches(tree) == before
    aggregator, agent = tree.service("chorus-aggregator"), tree.service("chorus-agent")
    wait_until(lambda: batches(tree) > before, 60, "batches after the restore")
    assert "made" not in tree.run("chorus-aggregator", "setup-db").stdout
    assert tree.stop(agent) == 0 and tree.stop(aggregator) == 0


def test_scripts_run_again_change_nothing(tree, packages):
    tree.install(*packages.debs)
    before = tree.files("/etc", "/var/lib/chorus-agent", "/var/lib/chorus-aggregator")
    for program in PROGRAMS:
        for script, arguments in (("postinst", ["configure", "1.0.0-1"]), ("postinst", ["configure"]),
                                  ("prerm", ["upgrade", "1.0.1"]), ("postrm", ["upgrade", "1.0.1"])):
            tree.run(f"/var/lib/dpkg/info/chorus-{program}.{script}", *arguments)
    tree.run("dpkg-reconfigure -f noninteractive chorus-agent chorus-aggregator || true")
    after = tree.files("/etc", "/var/lib/chorus-agent", "/var/lib/chorus-aggregator")
    assert {k: v for k, v in after.items() if not k.endswith("-")} == \
        {k: v for k, v in before.items() if not k.endswith("-")}


def test_removing_keeps_and_purging_takes_all_but_the_database(tree, packages):
    tree.install(*packages.debs)
    aggregator, agent = set_up(tree)
    assert tree.stop(agent) == 0 and tree.stop(aggregator) == 0
    tree.run("apt-get", "remove", "-y", "chorus-agent", "chorus-aggregator")
    for path in ("/usr/bin/chorus-agent", "/usr/bin/chorus-aggregator",
                 "/usr/share/man/man8/chorus-agent.8.gz", "/lib/systemd/system/chorus-agent.service"):
        assert not tree.path(path).exists(), path
    for path in ("/etc/chorus/agent.conf", "/etc/chorus/agent.token", "/var/lib/chorus-agent/agent-id",
                 "/etc/chorus/agent.conf.d/enrolled.conf", "/etc/chorus/aggregator.conf"):
        assert tree.path(path).exists(), path
    tree.run("apt-get", "purge", "-y", "chorus-agent")
    assert not tree.path("/etc/chorus/agent.token").exists()
    assert tree.path("/etc/chorus/aggregator.conf").exists()
    tree.run("apt-get", "purge", "-y", "chorus-aggregator")
    left = tree.run("find / -xdev -name '*chorus*' -not -path '/proc/*' -not -path '/root/*'"
                    " -not -path '/var/lib/apt/*' -not -path '/var/log/*'").stdout.split()
    assert left == [], left
    assert tree.run("dpkg -l 'chorus-*' | grep -c ^.i || true").stdout.strip() == "0"
    # The data is the administrator's to drop.
    assert batches(tree) > 0


def test_installing_after_a_removal_finds_everything_again(tree, packages):
    tree.install(packages.deb("agent"))
    config = tree.path("/etc/chorus/agent.conf")
    config.write_text(config.read_text() + "\nhostname = kept\n")
    tree.run("apt-get", "remove", "-y", "chorus-agent")
    tree.install(packages.deb("agent"))
    assert "hostname = kept" in config.read_text()
    assert "kept" in tree.run("chorus-agent", "--print-config").stdout
