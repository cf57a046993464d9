"""The Dockerfiles, as far as that can be told without an engine."""

import os
import pathlib
import re
import subprocess

import pytest

from chorus_harness import BIN
from deb_fields import dependencies

ROOT = pathlib.Path(__file__).parents[2]
PROGRAMS = ("agent", "aggregator")


def instructions(program):
    """(instruction, arguments) of every stage, lines joined."""
    text = (ROOT / f"packaging/docker/Dockerfile.{program}").read_text()
    text = re.sub(r"(?m)^\s*#.*\n", "", text).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def stages(program):
    found = []
    for name, rest in instructions(program):
        if name == "FROM":
            found.append([])
        found[-1].append((name, rest))
    return found


def needed(packages, program):
    return dependencies(packages.deb(program)) - {"adduser"}


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_image_has_the_libraries_that_the_package_depends_on(packages, program):
    runs = " ".join(rest for name, rest in stages(program)[-1] if name == "RUN")
    installed = set(re.search(r"--no-install-recommends(.*?)&&", runs)[1].split())
    # What the base image holds anyway.
    base = {"libc6", "libgcc-s1", "libstdc++6"}
    assert needed(packages, program) - base <= installed
    assert installed - needed(packages, program) <= {"ca-certificates", "libssl3"}


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_copied_is_there_and_nothing_runs_as_root(program):
    for name, rest in instructions(program):
        if name == "COPY" and "--from" not in rest:
            assert (ROOT / rest.split()[0]).exists(), rest
    last = stages(program)[-1]
    user = next(rest for name, rest in last if name == "USER")
    assert user.isdigit() and int(user) > 0
    names = [name for name, _ in last]
    assert names.index("USER") < names.index("ENTRYPOINT")
    entry = next(rest for name, rest in last if name == "ENTRYPOINT")
    assert entry == f'["/usr/bin/chorus-{program}"]'


@pytest.mark.parametrize("program", PROGRAMS)
def test_its_environment_is_good_for_the_program(program, tmp_path):
    environment = {}
    for name, rest in stages(program)[-1]:
        if name == "ENV":
            environment.update(word.split("=", 1) for word in rest.split())
    token = tmp_path / "token"
    token.write_text("t\n")
    token.chmod(0o600)
    if "CHORUS_AGENT_TOKEN_FILE" in environment:
        environment["CHORUS_AGENT_TOKEN_FILE"] = str(token)
    done = subprocess.run([os.path.join(BIN, f"chorus-{program}"), "--check-config"],
                          env={"PATH": os.environ["PATH"], **environment}, capture_output=True,
                          text=True, timeout=60, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("program", PROGRAMS)
def test_rules_of_hadolint_that_matter(program):
    for name, rest in instructions(program):
        if name == "FROM":
            assert re.match(r"\S+:\S+", rest), "an image without a tag"
        if name == "RUN" and "apt-get install" in rest:
            assert "--no-install-recommends" in rest and "-y" in rest
            assert "rm -rf /var/lib/apt/lists/*" in rest
        if name == "RUN" and "|" in rest:
            shell = next(r for n, r in instructions(program) if n == "SHELL")
            assert "pipefail" in shell
        if name in ("CMD", "ENTRYPOINT"):
            assert rest.startswith("["), "a shell in between takes the signals"
        assert name not in ("ADD", "MAINTAINER") and "sudo " not in rest
