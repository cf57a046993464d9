"""The libraries of the source tree, which each may use, and which it does use.

A library is one folder whose CMakeLists.txt says what it links (`LIBS`). Both programs are one
target each, made of their top folder and, for the aggregator, of `cli`.
"""

import os
import pathlib
import re
from dataclasses import dataclass, field

TOPS = ("common", "agent", "aggregator", "packaging/docgen")
PART_OF = {"aggregator/cli": "aggregator"}
LIBRARY = re.compile(r"chorus_library\((\w+)\s+LIBS\s+([^)]*)\)")
PROGRAM = re.compile(r"add_executable\((chorus-\w+)")
LINKS = re.compile(r"target_link_libraries\((chorus-\w+)\s+PRIVATE\s+([^)]*)\)")
INCLUDE = re.compile(r'''^\s*#\s*include\s*["<]([^">]+)[">]''', re.M)
ROW = re.compile(r"^\| `([a-z_/]+)` \|[^|\n]*\|([^|\n]*)\|", re.M)


@dataclass
class Room:
    target: str
    declared: set = field(default_factory=set)  # targets of ours
    used: dict = field(default_factory=dict)  # target -> one file whose include needs it


def sources(root):
    for top in TOPS:
        for path in sorted((root / top).rglob("*")):
            if path.suffix in (".cpp", ".h") and "node_modules" not in path.parts:
                yield path.relative_to(root)


def room_of(path, rooms):
    folder = str(pathlib.PurePosixPath(path).parent)
    folder = PART_OF.get(folder, folder)
    return folder if folder in rooms else None


def includes(root, path):
    """What a file includes of the tree, found as the compiler does: beside the file, or from the root."""
    for name in INCLUDE.findall((root / path).read_text()):
        beside = os.path.normpath(path.parent / name)
        yield beside if (root / beside).is_file() else name


def read_rooms(root):
    rooms = {}
    for top in TOPS:
        for lists in sorted((root / top).rglob("CMakeLists.txt")):
            text = re.sub(r"#.*", "", lists.read_text())
            found = LIBRARY.search(text) or (PROGRAM.search(text) and LINKS.search(text))
            if found:
                ours = {name for name in found.group(2).split()
                        if name.startswith(("agent_", "aggregator_", "chorus_", "common_"))}
                rooms[str(lists.parent.relative_to(root))] = Room(found.group(1), ours)
    return rooms


def circle(rooms):
    """Targets that need each other, as `a -> b -> a`, or None."""
    needs = {room.target: room.declared for room in rooms.values()}
    done = set()

    def visit(target, way):
        if target in way:
            return " -> ".join([*way[way.index(target):], target])
        if target in done:
            return None
        for other in sorted(needs.get(target, ())):
            if found := visit(other, [*way, target]):
                return found
        done.add(target)
        return None

    return next(filter(None, (visit(target, []) for target in sorted(needs))), None)


def table_of(text):
    """Folder -> targets, of the rows of ARCHITECTURE.md that name a folder and what it may use."""
    return {folder: {word.strip("` ") for word in uses.split(",") if word.strip("` ")}
            for folder, uses in ROW.findall(text)}


def short(target):
    """`aggregator_http` as ARCHITECTURE.md calls it: `http`."""
    return target.removeprefix("chorus_").removeprefix("agent_").removeprefix("aggregator_")


def check(root, architecture=None):
    """What is wrong with the tree, a sentence each; none if all is well."""
    rooms = read_rooms(root)
    faults = []
    for path in sources(root):
        mine = room_of(path, rooms)
        if mine is None:
            faults.append(f"{path} belongs to no library")
            continue
        for included in includes(root, path):
            other = room_of(included, rooms)
            if other not in (mine, None):
                rooms[mine].used.setdefault(rooms[other].target, str(path))
    for folder, room in rooms.items():
        if folder == "packaging/docgen":  # compiles the programs' tables into itself
            room.used = {t: f for t, f in room.used.items() if not t.startswith("chorus-")}
        for target in sorted(room.used.keys() - room.declared):
            faults.append(f"{room.used[target]} includes {target}, which the LIBS of {folder} do not name")
        for target in sorted(room.declared - room.used.keys()):
            faults.append(f"{folder} links {target} and includes nothing of it")
    if found := circle(rooms):
        faults.append(f"a circle: {found}")
    if architecture is not None:
        table = table_of(architecture)
        for folder in sorted(rooms.keys() - table.keys()):
            faults.append(f"ARCHITECTURE.md has no row for {folder}")
        for folder in sorted(table.keys() - rooms.keys()):
            if table[folder]:
                faults.append(f"ARCHITECTURE.md says what {folder} uses, which is no library")
        for folder in sorted(table.keys() & rooms.keys()):
            declared = {short(target) for target in rooms[folder].declared}
            if table[folder] != declared:
                faults.append(f"ARCHITECTURE.md says that {folder} uses {sorted(table[folder])}, "
                              f"CMake {sorted(declared)}")
    return faults
