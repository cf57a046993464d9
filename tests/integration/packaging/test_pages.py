"""Pages of the repository: settings as they are, and a README that is read in minutes."""

import os
import pathlib
import re
import subprocess

from chorus_harness import BIN
from described import document, operations

ROOT = pathlib.Path(__file__).resolve().parents[3]


def test_the_page_of_settings_is_what_the_tables_say():
    done = subprocess.run([os.path.join(BIN, "chorus-docgen"), "settings"], capture_output=True,
                          text=True, check=True)
    page = ROOT / "packaging/docs/settings.md"
    assert page.read_text() == done.stdout, \
        f"make it anew: build/bin/chorus-docgen settings > {page.relative_to(ROOT)}"


def test_the_page_of_calls_is_what_the_description_says():
    done = subprocess.run([ROOT / "packaging/docgen/calls.py"], capture_output=True, text=True, check=True)
    page = ROOT / "packaging/docs/calls.md"
    assert page.read_text() == done.stdout, \
        f"make it anew: packaging/docgen/calls.py > {page.relative_to(ROOT)}"


def test_every_call_stands_once_in_the_page_of_calls():
    page = (ROOT / "packaging/docs/calls.md").read_text()
    shown = re.findall(r"^\| `([A-Z]+ /\S*)` \|", page, re.M)
    described = [f"{method.upper()} {path}" for method, path, _ in operations(document())]
    assert sorted(shown) == sorted(described) and len(described) > 50


def test_the_readme_is_read_in_minutes():
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= 90
    assert not [line for line in lines if len(line) > 140]
    assert any(line.startswith("![") for line in lines[:15])


def test_files_are_as_editors_are_told():
    told = (ROOT / ".editorconfig").read_text()
    cpp = re.search(r"\[\*\.\{cpp,h\}\]\n((?:.+\n)+)", told)[1]
    layout = (ROOT / ".clang-format").read_text()
    assert re.search(r"max_line_length = (\d+)", cpp)[1] == re.search(r"ColumnLimit: (\d+)", layout)[1]
    width = re.search(r"IndentWidth: (\d+)", layout)[1]
    assert re.search(rf"^\[\*\]\n(.+\n)*indent_size = {width}\n", told, re.M)
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True,
                            check=True).stdout.split("\0")
    faults = []
    for name in filter(None, listed):
        content = (ROOT / name).read_bytes()
        if b"\0" in content or re.match(r"tests/(fixtures|fuzz/seeds)/.+/", name):
            continue
        text = content.decode("utf-8")
        if "\r" in text or re.search(r"[ \t]$|^ *\t", text, re.M) or text[-1:] not in ("", "\n"):
            faults.append(name)
    assert not faults, f"blanks at an end of line, tabs, or no end of line at the end: {faults}"
