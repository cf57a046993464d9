"""packaging/release, in a repository of its own whose packages are two small ones."""

import datetime
import hashlib
import json
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
COPIED = ["CMakeLists.txt", "packaging/release", "packaging/sbom", "packaging/rpm/chorus.spec",
          "packaging/deb/changelog.in", "aggregator/api/openapi.json", "aggregator/web/package.json",
          "aggregator/web/package-lock.json"]
BUILD = """#!/bin/bash
set -e
mkdir -p "$2"
[[ $1 == deb ]] || { touch "$2/chorus.rpm"; exit 0; }
for name in chorus-agent chorus-aggregator; do
    mkdir -p build-tree/DEBIAN
    printf 'Package: %s\\nVersion: 7.8.9-1\\nArchitecture: amd64\\nMaintainer: n\\nDescription: d\\n' $name \\
        >build-tree/DEBIAN/control
    echo 'Depends: adduser, libc6 (>= 2.34), default-mta | mail-transport-agent' >>build-tree/DEBIAN/control
    dpkg-deb --build --root-owner-group build-tree "$2/$name.deb" >/dev/null
done
rm -rf build-tree
"""


class Repository:
    def __init__(self, root):
        self.root = root
        for name in COPIED:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
        (root / "packaging/build-packages").write_text(BUILD)
        (root / "packaging/install-dependencies").write_text("#!/bin/sh\n")
        for name in ("build-packages", "install-dependencies"):
            (root / "packaging" / name).chmod(0o755)
        (root / ".gitignore").write_text("/packages/\n")
        self.write_changes("## [7.8.9] - 2026-02-01\n\n- Something\n")
        self.git("init", "-q", "-b", "main")
        self.commit()

    def git(self, *arguments):
        names = ["-c", "user.name=n", "-c", "user.email=n@example.org"]
        return subprocess.run(["git", *names, *arguments], cwd=self.root, capture_output=True, text=True,
                              check=True).stdout

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-qm", "Change")

    def write_changes(self, text):
        (self.root / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n" + text)

    def release(self, *arguments):
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self.root),
                       "GIT_AUTHOR_NAME": "n", "GIT_AUTHOR_EMAIL": "n@example.org",
                       "GIT_COMMITTER_NAME": "n", "GIT_COMMITTER_EMAIL": "n@example.org"}
        return subprocess.run([self.root / "packaging/release", *arguments], cwd=self.root, env=environment,
                              capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


def test_a_dry_run_changes_nothing(repository):
    before = repository.git("rev-parse", "HEAD")
    done = repository.release("7.8.9", "--dry-run")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert repository.git("status", "--porcelain") == ""
    assert repository.git("rev-parse", "HEAD") == before
    assert not (repository.root / "packages").exists()


@pytest.mark.parametrize("arguments, status, told", [
    ([], 64, "packaging/release VERSION"),
    (["1.2.3", "1.2.4"], 64, "packaging/release VERSION"),
    (["1.2.3", "--dry"], 64, "packaging/release VERSION"),
    (["1.2"], 65, "1.2 is no version"),
    (["v1.2.3"], 65, "v1.2.3 is no version"),
    (["1.02.3"], 65, "1.02.3 is no version"),
    (["7.8.8"], 65, 'no section "## [7.8.8]'),
    (["7.8"], 65, "7.8 is no version"),
])
def test_what_is_wrong_is_told(repository, arguments, status, told):
    done = repository.release(*arguments)
    assert done.returncode == status and told in done.stderr, done.stderr


def test_help_is_no_error(repository):
    done = repository.release("--help")
    assert done.returncode == 0 and "--dry-run" in done.stdout


@pytest.mark.parametrize("section, told", [
    ("## [7.8.9] - 2026-02-01\n\n## [7.8.8] - 2026-01-01\n\n- Something\n", "with entries"),
    ("## [7.8.9] - soon\n\n- Something\n", "has no date"),
])
def test_the_change_log_has_to_tell_of_it(repository, section, told):
    repository.write_changes(section)
    repository.commit()
    done = repository.release("7.8.9", "--dry-run")
    assert done.returncode == 65 and told in done.stderr


def test_a_release_is_of_what_was_committed_and_once(repository):
    (repository.root / "new").touch()
    done = repository.release("7.8.9", "--dry-run")
    assert done.returncode == 65 and "not clean" in done.stderr
    repository.commit()
    repository.git("tag", "v7.8.9")
    done = repository.release("7.8.9", "--dry-run")
    assert done.returncode == 65 and "v7.8.9 already" in done.stderr


def test_a_place_without_its_version_stops_it(repository):
    file = repository.root / "aggregator/web/package.json"
    file.write_text(file.read_text().replace('"version"', '"edition"'))
    repository.commit()
    done = repository.release("7.8.9", "--dry-run")
    assert done.returncode != 0 and "package.json" in done.stderr


def test_a_release_sets_the_version_everywhere_and_lists_what_is_in_it(repository):
    done = repository.release("7.8.9")
    assert done.returncode == 0, done.stderr
    assert "git tag -a v7.8.9" in done.stdout and repository.git("tag") == ""
    assert repository.git("status", "--porcelain") == ""
    assert repository.git("log", "-1", "--format=%s") == "Release 7.8.9\n"
    web = json.loads((repository.root / "aggregator/web/package-lock.json").read_text())
    assert web["version"] == web["packages"][""]["version"] == "7.8.9"
    for name in COPIED:
        text = (repository.root / name).read_text()
        assert name.startswith("packaging/release") or "7.8.9" in text or "@PROJECT_VERSION@" in text \
            or name == "packaging/sbom", name
    assert "Sun Feb 01 2026" in (repository.root / "packaging/rpm/chorus.spec").read_text()
    assert "Sun, 01 Feb 2026 00:00:00 +0000" in (repository.root / "packaging/deb/changelog.in").read_text()

    out = repository.root / "packages/7.8.9"
    sums = dict(reversed(line.split("  ")) for line in (out / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == {path.name for path in out.iterdir()} - {"SHA256SUMS"}
    for name, digest in sums.items():
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest

    bill = json.loads((out / "chorus-7.8.9.cdx.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    time = int(repository.git("log", "-1", "--format=%ct"))
    assert datetime.datetime.fromisoformat(bill["metadata"]["timestamp"]).timestamp() == time
    parts = {part["bom-ref"]: part for part in bill["components"]}
    assert len(parts) == len(bill["components"])
    assert parts["package:chorus-agent"]["hashes"][0]["content"] == sums["chorus-agent.deb"]
    assert parts["deb:libc6"]["properties"] == [{"name": "chorus:needed-version", "value": ">= 2.34"}]
    locked = web["packages"]["node_modules/preact"]
    assert parts["npm:preact"]["purl"] == f"pkg:npm/preact@{locked['version']}"
    assert "npm:typescript" not in parts, "it builds the dashboard and is not in it"
    links = {link["ref"]: link["dependsOn"] for link in bill["dependencies"]}
    assert links["package:chorus-agent"] == ["deb:adduser", "deb:default-mta", "deb:libc6"]
    assert {reference for link in links.values() for reference in link} | {"chorus"} == set(parts) | {"chorus"}
