"""The libraries of the source tree, which each may use, and which it does use.

A library is one folder whose CMakeLists.txt says what it links: `PUBLIC` what its headers include,
`LIBS` what its other files do. Both programs are one target each, made of their top folder and, for
the aggregator, of `cli`.
"""

import os
import pathlib
import re
from dataclasses import dataclass, field

TOPS = ("common", "agent", "aggregator", "packaging/docgen")
PART_OF = {"aggregator/cli": "aggregator"}
LIBRARY = re.compile(r"chorus_library\((\w+)\s+([^)]*)\)")
PROGRAM = re.compile(r"add_executable\((chorus-\w+)")
LINKS = re.compile(r"target_link_libraries\((chorus-\w+)\s+PRIVATE\s+([^)]*)\)")
INCLUDE = re.compile(r'''^\s*#\s*include\s*["<]([^">]+)[">]''', re.M)
OURS = ("agent_", "aggregator_", "chorus_", "common_")
# The packages of others, by the includes that need them; of several the longest one.
PACKAGES = {
    "Poco/Data/": "Poco::Data", "Poco/Data/PostgreSQL/": "Poco::DataPostgreSQL",
    "Poco/Net/": "Poco::Net", "ares.h": "PkgConfig::CARES", "boost/": "Boost::headers",
    "boost/program_options": "external::program_options", "hiredis/": "PkgConfig::HIREDIS",
    "libpq-fe.h": "PostgreSQL::PostgreSQL", "openssl/": "OpenSSL::Crypto",
    "openssl/ssl.h": "OpenSSL::SSL", "simdjson.h": "PkgConfig::SIMDJSON",
    "xxhash.h": "external::xxhash", "zlib.h": "external::zlib", "zstd.h": "external::zstd"}
LOADED = {("agent/push", "OpenSSL::Crypto"), ("agent/push", "OpenSSL::SSL")}  # by dlopen(3)
ROW = re.compile(r"^\| `([a-z_/]+)` \|[^|\n]*\|([^|\n]*)\|", re.M)


@dataclass
class Room:
    target: str
    declared: set = field(default_factory=set)  # targets
    public: set = field(default_factory=set)  # those of them that its users get as well
    used: dict = field(default_factory=dict)  # target -> one file whose include needs it
    headers: dict = field(default_factory=dict)  # the same, of headers alone

    def ours(self):
        return {target for target in self.declared if target.startswith(OURS)}


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
                public, _, private = found.group(2).removeprefix("PUBLIC").partition("LIBS")
                if not found.group(2).startswith("PUBLIC"):
                    public, private = "", found.group(2).removeprefix("LIBS")
                rooms[str(lists.parent.relative_to(root))] = Room(
                    found.group(1), set(public.split()) | set(private.split()), set(public.split()))
    return rooms


def package_of(name):
    """The target of others that an include needs, or None."""
    return PACKAGES.get(max((start for start in PACKAGES if name.startswith(start)), key=len,
                            default=None))


def circle(rooms):
    """Targets that need each other, as `a -> b -> a`, or None."""
    needs = {room.target: room.ours() for room in rooms.values()}
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
    """Folder -> folders, of the rows of ARCHITECTURE.md that name a folder and what it may use."""
    return {folder: {word.strip("` ") for word in uses.split(",") if word.strip("` ")}
            for folder, uses in ROW.findall(text)}


def short(folder):
    """`aggregator/http` as ARCHITECTURE.md calls it in another folder's row: `http`."""
    return folder.removeprefix("agent/").removeprefix("aggregator/")


def faults_of(folder, room):
    """What a library or program links, held against what it includes."""
    if folder == "packaging/docgen":  # compiles the programs' tables into itself
        room.used = {t: f for t, f in room.used.items() if not t.startswith("chorus-")}
    for target in sorted(room.used.keys() - room.declared):
        yield f"{room.used[target]} includes {target}, which the LIBS of {folder} do not name"
    for target in sorted(room.declared - room.used.keys() - {"Threads::Threads"}):
        yield f"{folder} links {target} and includes nothing of it"
    if room.target.startswith("chorus-"):
        return  # nobody includes what is in a program
    for target in sorted(room.declared & room.headers.keys() - room.public):
        yield f"{room.headers[target]} includes {target}, which is not PUBLIC in {folder}"
    for target in sorted(room.public & room.used.keys() - room.headers.keys()):
        yield f"{target} is PUBLIC in {folder}, and no header includes it"


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
            target = rooms[other].target if other else package_of(included)
            if other != mine and target and (mine, target) not in LOADED:
                rooms[mine].used.setdefault(target, str(path))
                if path.suffix == ".h":
                    rooms[mine].headers.setdefault(target, str(path))
    for folder, room in rooms.items():
        faults += faults_of(folder, room)
    if found := circle(rooms):
        faults.append(f"a circle: {found}")
    if architecture is not None:
        table = table_of(architecture)
        folder_of = {room.target: folder for folder, room in rooms.items()}
        for folder in sorted(rooms.keys() - table.keys()):
            faults.append(f"ARCHITECTURE.md has no row for {folder}")
        for folder in sorted(table.keys() - rooms.keys()):
            if table[folder]:
                faults.append(f"ARCHITECTURE.md says what {folder} uses, which is no library")
        for folder in sorted(table.keys() & rooms.keys()):
            declared = {short(folder_of.get(target, target)) for target in rooms[folder].ours()}
            if table[folder] != declared:
                faults.append(f"ARCHITECTURE.md says that {folder} uses {sorted(table[folder])}, "
                              f"CMake {sorted(declared)}")
    return faults
