"""What is generated from the tables of settings and commands: manuals, completions, config files."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from chorus_harness import BIN
from markdown_links import dead_links

BUILT = pathlib.Path(BIN).parent / "packaging"
PROGRAMS = ("chorus-agent", "chorus-aggregator")


def needs(program, package):
    return pytest.mark.skipif(not shutil.which(program), reason=f"needs: {program} (package {package})")


def run(*command, stdin=None, **more):
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60,
                          check=False, **more)


def in_help(program):
    """(options, commands) that --help=all tells of."""
    text = run(os.path.join(BIN, program), "--help=all").stdout
    options = set(re.findall(r"(?m)^ {2,6}(?:-\w, )?(--[a-z][a-z-]+)", text))
    before_settings = text.partition("\nSettings")[0]
    commands = set(re.findall(r"(?m)^  ([a-z][a-z-]+)", before_settings))
    assert len(options) > 15 and len(commands) >= 3, text
    return options, commands


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_fits_a_screen_or_two_and_leads_to_the_rest(program):
    short = run(os.path.join(BIN, program), "--help").stdout
    every = run(os.path.join(BIN, program), "--help=all").stdout
    assert len(short.splitlines()) < 75 < len(every.splitlines())
    options = in_help(program)[0]
    assert f"--help=all shows all {len(every.split('environment: ')) - 1} settings" in short
    groups = re.findall(r"(?m)^([A-Z][a-z ]+):$", every.partition("\nSettings")[2])
    assert len(groups) >= 4 and len(set(groups)) == len(groups), groups
    told = set(re.findall(r"(?m)^  (--[a-z-]+)", short))
    assert told < options and {"--log-level", "--help", "--config"} <= told


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_comes_whatever_the_configuration_is_like(program, tmp_path):
    (tmp_path / ".env").write_text("CHORUS_NO_SUCH_SETTING=1\n")
    for flag in ("--help", "-h", "--help=all", "--version"):
        done = run(os.path.join(BIN, program), flag, "--config", "/nowhere", cwd=tmp_path)
        assert done.returncode == 0 and program in done.stdout and not done.stderr, done.stderr


@needs("mandoc", "mandoc")
@pytest.mark.parametrize("page", ["chorus-agent.8", "chorus-agent.conf.5", "chorus-aggregator.8",
                                  "chorus-aggregator.conf.5"])
def test_mandoc_finds_no_fault_in_a_page(page):
    done = run("mandoc", "-T", "lint", str(BUILT / "man" / page))
    faults = [line for line in done.stdout.splitlines()
              # Pages refer to each other before they are installed.
              if "referenced manual not found" not in line]
    assert not faults, faults


@needs("mandoc", "mandoc")
@pytest.mark.parametrize("program", PROGRAMS)
def test_the_manual_tells_of_every_option_and_command(program):
    page = run("mandoc", "-T", "ascii", str(BUILT / "man" / f"{program}.8")).stdout
    page = re.sub(".\x08", "", page)  # bold is overstruck
    options, commands = in_help(program)
    for option in options:
        assert re.search(rf"(?m)^     .*{option}\b", page), option
    for command in commands:
        assert re.search(rf"(?m)^     {command}\b", page), command


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_know_every_option_and_command(program, shell):
    text = (BUILT / "completions" / f"{program}.{shell}").read_text()
    options, commands = in_help(program)
    for option in options:
        found = f"-l {option[2:]} " if shell == "fish" else option
        assert found in text or text.count(found.strip() + "\n"), option
    for command in commands:
        assert re.search(rf"(?<![\w-]){command}(?![\w-])", text), command


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("shell", [
    "bash", pytest.param("zsh", marks=needs("zsh", "zsh")),
    pytest.param("fish", marks=needs("fish", "fish"))])
def test_shells_read_the_completions(program, shell):
    done = run(shell, "-n", str(BUILT / "completions" / f"{program}.{shell}"))
    assert done.returncode == 0 and not done.stderr, done.stderr


def bash_offers(program, line):
    script = (f"source {BUILT}/completions/{program}.bash; COMP_WORDS=({line}); [[ '{line}' == *' ' ]]"
              f" && COMP_WORDS+=(''); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1));"
              f" _{program.replace('-', '_')}; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    return run("bash", "-c", script).stdout.split()


@pytest.mark.parametrize("program, line, offers", [
    ("chorus-agent", "chorus-agent en", ["enroll"]),
    ("chorus-agent", "chorus-agent --log-l", ["--log-level"]),
    ("chorus-agent", "chorus-agent --log-level w", ["warning"]),
    ("chorus-aggregator", "chorus-aggregator token r", ["rotate", "revoke"]),
    ("chorus-aggregator", "chorus-aggregator token create --val", ["--valid-hours"]),
    ("chorus-aggregator", "chorus-aggregator check ", ["config", "db", "redis"]),
    ("chorus-aggregator", "chorus-aggregator setup", ["setup-db"]),
    ("chorus-agent", "chorus-agent --hel", ["--help", "--help=all"])])
def test_bash_offers_what_fits(program, line, offers):
    assert set(offers) <= set(bash_offers(program, line))


def test_bash_offers_files_where_one_is_wanted(tmp_path):
    (tmp_path / "my.conf").write_text("")
    assert bash_offers("chorus-agent", f"chorus-agent --config {tmp_path}/m") == \
        [f"{tmp_path}/my.conf"]


@pytest.mark.parametrize("text, dead", [
    ("[a](b.md) ![p](pictures/p.png) [f](docs) [x](https://x.example/y) `[no](link.md)`", []),
    ("[a](c.md)", ["c.md"]), ("![p](pictures/q.png)", ["pictures/q.png"]),
    ('<img src="pictures/q.png">', ["pictures/q.png"]), ("[a]: c.md", ["c.md"]),
    ("[a](b.md#a-heading) [b](#own)\n# Own", []), ("[a](b.md#none)", ["b.md#none"]),
    ("```\n[a](c.md)\n```", [])])
def test_links_of_markdown_that_lead_nowhere_are_found(text, dead):
    files = {"docs/a.md": text, "docs/b.md": "## A heading", "docs/pictures/p.png": "", "docs/docs/x": ""}
    assert list(dead_links("docs/a.md", text, set(files), files.get)) == dead


@pytest.mark.parametrize("program, file", [("chorus-agent", "agent.conf"),
                                           ("chorus-aggregator", "aggregator.conf")])
def test_the_packaged_config_is_valid_and_names_every_setting(program, file, tmp_path):
    path = tmp_path / file
    shutil.copy(BUILT / "etc" / file, path)
    path.chmod(0o600)
    environment = {"PATH": os.environ["PATH"], "CHORUS_AGENT_TOKEN": "t"}
    done = run(os.path.join(BIN, program), "--check-config", "--config", str(path), cwd=tmp_path,
               env=environment)
    assert done.returncode == 0, done.stderr
    keys = set(re.findall(r"(?m)^#?([a-z][a-z-]+) =", path.read_text()))
    switches = {"once", "test", "check-config", "print-config", "example-config", "config",
                "version", "help"}
    options = {option[2:].removesuffix("-file") for option in in_help(program)[0]} - switches
    assert options - {key.removesuffix("-file") for key in keys} == set()


@pytest.mark.parametrize("name", ["fleet", "host", "processes", "alert"])
def test_pictures_of_the_dashboard_are_there_and_small(name):
    """Made by tests/e2e/web/pictures.test.mjs."""
    picture = pathlib.Path(__file__).parents[3] / "packaging" / "docs" / "pictures" / f"{name}.png"
    content = picture.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n" and len(content) <= 120_000
    assert int.from_bytes(content[16:20], "big") >= 1000, "pixels from left to right"
