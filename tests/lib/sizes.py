"""How many source files a folder holds, and how many lines a source file and a function have.

What is too large today is listed, with the reason. The lists can only shrink: what is listed and
no longer too large is a fault as well.
"""

import ast
import re
import subprocess

MOST_FILES = 40
MOST_LINES = 350
MOST_LINES_OF_FUNCTION = 60
COUNTED = (".cpp", ".h")  # in folders
MEASURED = (".cpp", ".h", ".py", ".ts", ".tsx", ".mjs")

FOLDERS = {}

FILES = {}

FUNCTIONS = {
    "aggregator/http/response.cpp reason_phrase": "a table: one case a status",
    "aggregator/settings_table.cpp monitoring_settings": "a table: one entry a setting",
    "aggregator/settings_table.cpp storage_settings": "a table: one entry a setting",
    "tests/fixtures/write_machines.py common": "a table: one line a file of the kernel",
}


def sources(root):
    """Paths of all files in Git's index that are there, and of new ones that Git does not ignore."""
    names = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard", "-z"],
                           capture_output=True, text=True, check=True).stdout.split("\0")
    return sorted({root / name for name in names if name and (root / name).is_file()})


RAW_STRING = re.compile(r'R"(\w*)\(.*?\)\1"', re.S)
HEAD = re.compile(r"(?:TEST\w*\((\w+), (\w+)\)|([\w:~]+)\()")
STATEMENTS = {"if", "for", "while", "switch", "catch"}


def functions_of_cpp(text):
    """Name and lines of every function of a text that clang-format laid out: the closing brace of a
    function stands alone, and all between it and the first line stands deeper. A case of GoogleTest
    is called by its two names."""
    lines = RAW_STRING.sub(lambda m: m.group(0).replace("\n", "\n" + 80 * " "), text).split("\n")
    for end, line in enumerate(lines):
        if line.strip() != "}":
            continue
        depth = line.removesuffix("}")
        start = end - 1
        while not lines[start].strip() or lines[start].startswith((depth + " ", "#")):
            start -= 1
        if found := HEAD.search(lines[start]):
            name = ".".join(filter(None, found.groups()))
            if name not in STATEMENTS:
                yield name, end - start + 1


def functions_of_python(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.end_lineno - node.lineno + 1


READERS = {".cpp": functions_of_cpp, ".h": functions_of_cpp, ".py": functions_of_python}


def compare(sizes, most, listed, what):
    faults = [f"{name} has {size} {what}, more than {most}"
              for name, size in sorted(sizes.items()) if size > most and name not in listed]
    return faults + [f"{name} is listed, but has no more than {most} {what}; take it from the list"
                     for name in sorted(listed) if sizes.get(name, 0) <= most]


def check(root, folders=None, files=None, functions=None):
    """What is too large and not listed, or listed and not too large: a sentence each."""
    counts, lines, of_functions = {}, {}, {}
    for path in sources(root):
        name = str(path.relative_to(root))
        if path.suffix in COUNTED:
            folder = str(path.parent.relative_to(root))
            counts[folder] = counts.get(folder, 0) + 1
        if path.suffix in MEASURED:
            text = path.read_text()
            lines[name] = len(text.splitlines())
            for function, size in READERS.get(path.suffix, lambda text: ())(text):
                key = f"{name} {function}"
                of_functions[key] = max(size, of_functions.get(key, 0))
    return (compare(counts, MOST_FILES, FOLDERS if folders is None else folders, "source files")
            + compare(lines, MOST_LINES, FILES if files is None else files, "lines")
            + compare(of_functions, MOST_LINES_OF_FUNCTION,
                      FUNCTIONS if functions is None else functions, "lines"))
