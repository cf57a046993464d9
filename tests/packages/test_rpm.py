"""The .rpm packages: what they ask for, what they are made of, and a scratch root they go into."""

import os
import re
import subprocess

import pytest

from debian_tree import Tree

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs: root")

PROGRAMS = ("chorus-agent", "chorus-aggregator")
OLDEST_GLIBC = (2, 34)  # EL 9


def rpm(*arguments, check=True):
    done = subprocess.run(["rpm", *map(str, arguments)], capture_output=True, text=True, timeout=300,
                          check=False)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def unpacked(packages, tmp_path_factory):
    """The files of the agent's package."""
    folder = tmp_path_factory.mktemp("agent")
    cpio = subprocess.run(["rpm2cpio", packages.rpm("chorus-agent")], capture_output=True, check=True)
    subprocess.run(["cpio", "-idm", "--quiet"], input=cpio.stdout, cwd=folder, check=True,
                   capture_output=True)
    return folder


@pytest.fixture(scope="module")
def root(needed):
    """A machine with a shell, account tools and glibc, where rpm's database is empty."""
    tree = Tree(needed)
    yield tree
    tree.close()


def versions(path):
    """{"GLIBC": (2, 34), ...}: the newest symbol of each set that a program asks for."""
    done = subprocess.run(["objdump", "-T", path], capture_output=True, text=True, check=True)
    newest = {}
    for name, number in re.findall(r"\((GLIBC|GLIBCXX|CXXABI)_([0-9.]+)\)", done.stdout):
        value = tuple(map(int, number.split(".")))
        newest[name] = max(newest.get(name, ()), value)
    return newest


def test_the_agent_runs_wherever_glibc_is_new_enough(packages, unpacked):
    program = unpacked / "usr/bin/chorus-agent"
    found = versions(program)
    assert found["GLIBC"] <= OLDEST_GLIBC and "GLIBCXX" not in found, found
    libraries = list((unpacked / "usr/lib/chorus-agent").iterdir())
    assert [library.name.partition(".")[0] for library in libraries] == ["libsimdjson"]
    # EL 9 has GLIBCXX_3.4.29.
    assert versions(libraries[0])["GLIBCXX"] <= (3, 4, 29)
    assert versions(libraries[0])["GLIBC"] <= OLDEST_GLIBC
    asked = set(rpm("-qp", "--requires", packages.rpm("chorus-agent")).split("\n"))
    names = {re.sub(r"[( ].*", "", line) for line in asked if line} - {"rpmlib", "config"}
    assert names == {"ld-linux-x86-64.so.2", "libc.so.6", "libm.so.6", "libgcc_s.so.1",
                     "libstdc++.so.6", "rtld", "/bin/sh", "/usr/bin/getent",
                     "/usr/sbin/groupadd", "/usr/sbin/useradd"}
    assert "libsimdjson" not in rpm("-qp", "--provides", packages.rpm("chorus-agent"))


@pytest.mark.parametrize("program", PROGRAMS)
def test_configuration_survives_by_being_marked_so(packages, program):
    kept = rpm("-qp", "--configfiles", packages.rpm(program)).split()
    assert kept == [f"/etc/chorus/{program.removeprefix('chorus-')}.conf"]
    flags = rpm("-qp", "--qf", "[%{FILENAMES} %{FILEFLAGS:fflags}\n]", packages.rpm(program))
    assert re.search(rf"(?m)^{kept[0]} cn$", flags), flags
    licences = rpm("-qp", "--licensefiles", packages.rpm(program)).split()
    assert licences == [f"/usr/share/licenses/{program}/LICENSE"]


def test_rpmlint_has_nothing_to_say(packages):
    done = subprocess.run(["rpmlint", "-c", os.path.dirname(__file__) + "/rpmlint.toml",
                           *sorted(packages.folder.glob("*.rpm"))],
                          capture_output=True, text=True, timeout=300, check=False)
    assert "0 errors, 0 warnings" in done.stdout, done.stdout


def test_the_source_package_holds_all_sources(packages, tmp_path):
    source = next(packages.folder.glob("chorus-*.src.rpm"))
    assert set(rpm("-qpl", source).split()) == {"chorus.spec", "chorus-1.0.0.tar.gz"}
    wanted = rpm("-qp", "--requires", source)
    for name in ("poco-devel", "hiredis-devel", "libpq-devel", "c-ares-devel", "simdjson-devel",
                 "systemd-rpm-macros"):
        assert name in wanted, name
    cpio = subprocess.run(["rpm2cpio", source], capture_output=True, check=True)
    subprocess.run(["cpio", "-idm", "--quiet"], input=cpio.stdout, cwd=tmp_path, check=True)
    listed = subprocess.run(["tar", "-tzf", tmp_path / "chorus-1.0.0.tar.gz"], capture_output=True,
                            text=True, check=True).stdout.split("\n")
    for name in ("CMakeLists.txt", "agent/main.cpp", "aggregator/web/package-lock.json"):
        assert f"chorus-1.0.0/{name}" in listed


def test_a_scratch_root_takes_installs_again_and_gives_back(root, packages):
    into = ("--root", root.root, "--nodeps")  # its database knows no packages
    files = [packages.rpm(program) for program in PROGRAMS]
    rpm(*into, "-i", *files)
    config = root.path("/etc/chorus/agent.conf")
    config.write_text(config.read_text() + "\nhostname = edited\n")
    accounts = root.run("getent passwd chorus-agent chorus-aggregator").stdout
    assert accounts.count("/nonexistent:/sbin/nologin") == 2
    for _ in range(2):
        rpm(*into, "-U", "--replacepkgs", *files)
        assert root.run("getent passwd chorus-agent chorus-aggregator").stdout == accounts
        assert "hostname = edited" in config.read_text()
    found = root.files("/etc/chorus")
    assert found["/etc/chorus/aggregator.conf"] == "640 root:chorus-aggregator"
    assert found["/etc/chorus/agent.conf.d"] == "750 root:chorus-agent"
    # Everything is as the packages made it, but for what was edited.
    changed = rpm("--root", root.root, "-V", "--nodeps", *PROGRAMS, check=False).split("\n")
    assert [line.split()[-1] for line in changed if line] == ["/etc/chorus/agent.conf"], changed

    assert root.run("chorus-agent", "--version").stdout == "chorus-agent 1.0.0\n"
    linked = root.run("ldd", "/usr/bin/chorus-agent").stdout
    assert "not found" not in linked and "libPoco" not in linked
    assert "/usr/lib/chorus-agent/libsimdjson" in linked or "/usr/bin/../lib/chorus-agent/" in linked
    batch = root.run("chorus-agent", "--test", user="chorus-agent").stdout
    assert '"metrics"' in batch and '"hostname":"edited"' in batch

    for _ in range(2):
        rpm("--root", root.root, "-e", *PROGRAMS, check=False)
    assert not root.path("/usr/bin/chorus-agent").exists()
    assert root.path("/etc/chorus/agent.conf.rpmsave").exists()


def test_the_aggregators_package_says_what_it_is_bound_to(packages):
    asked = rpm("-qp", "--requires", packages.rpm("chorus-aggregator"))
    assert "libPocoNet.so" in asked  # of Debian: for checks of the format, as the README says
