"""How many source files a folder holds, and how many lines a source file has.

What is too large today is listed, with the reason. The lists can only shrink: what is listed and
no longer too large is a fault as well.
"""

import subprocess

MOST_FILES = 40
MOST_LINES = 350
COUNTED = (".cpp", ".h")  # in folders
MEASURED = (".cpp", ".h", ".py", ".ts", ".tsx", ".mjs")

FOLDERS = {}

FILES = {
    "agent/commands.cpp": "to be divided",
    "agent/process/process_scanner.cpp": "to be divided",
}


def sources(root):
    """Paths of all files in Git's index that are there, and of new ones that Git does not ignore."""
    names = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard", "-z"],
                           capture_output=True, text=True, check=True).stdout.split("\0")
    return sorted({root / name for name in names if name and (root / name).is_file()})


def compare(sizes, most, listed, what):
    faults = [f"{name} has {size} {what}, more than {most}"
              for name, size in sorted(sizes.items()) if size > most and name not in listed]
    return faults + [f"{name} is listed, but has no more than {most} {what}; take it from the list"
                     for name in sorted(listed) if sizes.get(name, 0) <= most]


def check(root, folders=None, files=None):
    """What is too large and not listed, or listed and not too large: a sentence each."""
    counts, lines = {}, {}
    for path in sources(root):
        name = str(path.relative_to(root))
        if path.suffix in COUNTED:
            folder = str(path.parent.relative_to(root))
            counts[folder] = counts.get(folder, 0) + 1
        if path.suffix in MEASURED:
            lines[name] = len(path.read_text().splitlines())
    return (compare(counts, MOST_FILES, FOLDERS if folders is None else folders, "source files")
            + compare(lines, MOST_LINES, FILES if files is None else files, "lines"))
