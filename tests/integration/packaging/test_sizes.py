"""No folder, no source file and no function grows beyond what one can keep in mind (tests/lib/sizes.py)."""

import pathlib
import subprocess

import pytest

import sizes

ROOT = pathlib.Path(__file__).resolve().parents[3]


def test_only_what_is_listed_is_too_large():
    assert sizes.check(ROOT) == []


def check(folder, counts, folders=(), files=(), functions=()):
    """`counts` is lines by name of file, or the text of it."""
    subprocess.run(["git", "init", "-q", folder], check=True)
    for name, lines in counts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(
            lines if isinstance(lines, str) else "x\n" * lines)
    return sizes.check(folder, folders, files, functions)


FULL = {f"a/{i}.{end}": 1 for i in range(20) for end in ("cpp", "h")}


@pytest.mark.parametrize(("counts", "listed", "faults"), [
    ({**FULL, "a/notes.md": 999, "b/long.cpp": 350}, {}, []),
    ({**FULL, "a/one.h": 1}, {}, ["a has 41 source files, more than 40"]),
    ({**FULL, "a/one.h": 1}, {"folders": ("a",)}, []),
    (FULL, {"folders": ("a",)},
     ["a is listed, but has no more than 40 source files; take it from the list"]),
    ({"b/long.py": 351}, {}, ["b/long.py has 351 lines, more than 350"]),
    ({"b/long.py": 351}, {"files": ("b/long.py",)}, []),
    ({"b/long.py": 350}, {"files": ("b/long.py",)},
     ["b/long.py is listed, but has no more than 350 lines; take it from the list"]),
    ({}, {"files": ("b/gone.cpp",)},
     ["b/gone.cpp is listed, but has no more than 350 lines; take it from the list"]),
])
def test_what_is_too_large_is_told(tmp_path, counts, listed, faults):
    assert check(tmp_path, counts, **listed) == faults


def test_what_git_ignores_does_not_count(tmp_path):
    (tmp_path / ".gitignore").write_text("build/\n")
    assert check(tmp_path, {"build/made.cpp": 999}) == []


def cpp(depth, head, lines):
    """A function of that many lines, at that depth of a class."""
    deep = " " * depth
    return f"{deep}{head} {{\n" + f"{deep}    x();\n" * (lines - 2) + f"{deep}}}\n"


LONG = "a/f.cpp {} has 61 lines, more than 60"


@pytest.mark.parametrize(("name", "text", "faults"), [
    ("a/f.cpp", cpp(0, "void f()", 60) + cpp(0, "void g()", 60), []),
    ("a/f.cpp", cpp(0, "void f()", 61), [LONG.format("f")]),
    ("a/f.cpp", cpp(0, "std::optional<int> Thing::f(int a) const", 61), [LONG.format("Thing::f")]),
    ("a/f.cpp", "class Thing {\n" + cpp(4, "explicit Thing(int a)", 61) + "};\n",
     [LONG.format("Thing")]),
    ("a/f.cpp", cpp(0, "TEST_F(Thing, HasAName)", 61), [LONG.format("Thing.HasAName")]),
    ("a/f.cpp", "void f(int a,\n       int b) {\n" + "    x();\n" * 58 + "}\n", [LONG.format("f")]),
    # What lies at the left edge without ending the function.
    ("a/f.cpp", "void f() {\n#if X\n\n" + 'g(R"(\n}\n)");\n'.join(["    "] * 15) + "\n" + "    x();\n" * 14
     + "}\n", [LONG.format("f")]),
    # No functions.
    ("a/f.cpp", "void f();\nclass Thing {\n" + "    int x;\n" * 70 + "};\n", []),
    ("a/f.cpp", "void f() {\n" + cpp(4, "for (;;)", 58) + "}\n", []),
    ("a/f.py", "def f():\n" + "    x()\n" * 59, []),
    ("a/f.py", "class Thing:\n    def f(self):\n" + "        x()\n" * 60,
     ["a/f.py f has 61 lines, more than 60"]),
], ids=["two of 60", "free", "member outside", "constructor inside", "gtest", "head of two lines",
        "left edge", "class", "loop", "python of 60", "python"])
def test_functions_that_are_too_long_are_told(tmp_path, name, text, faults):
    assert check(tmp_path, {name: text}) == faults


def test_a_listed_function_may_be_long_as_long_as_it_is(tmp_path):
    assert check(tmp_path, {"a/f.cpp": cpp(0, "void f()", 61)}, functions=("a/f.cpp f",)) == []
    (tmp_path / "a/f.cpp").write_text(cpp(0, "void f()", 60))
    assert sizes.check(tmp_path, (), (), ("a/f.cpp f",)) == [
        "a/f.cpp f is listed, but has no more than 60 lines; take it from the list"]
