"""Libraries use what they declare, declare what they use, and ARCHITECTURE.md says so."""

import pathlib

import pytest

import rooms

ROOT = pathlib.Path(__file__).resolve().parents[3]


def test_every_arrow_is_declared_and_drawn():
    assert rooms.check(ROOT, (ROOT / "ARCHITECTURE.md").read_text()) == []


LISTS = {
    "common": "chorus_library(chorus_common LIBS Threads::Threads)",
    "agent/push": "chorus_library(agent_push LIBS chorus_common)",
    "agent": "add_executable(chorus-agent main.cpp)\n"
             "target_link_libraries(chorus-agent PRIVATE agent_push)",
}
FILES = {
    "common/clock.h": "",
    "agent/push/client.cpp": '#include "common/clock.h"\n',
    "agent/main.cpp": '#include "agent/push/client.h"\n',
}
TABLE = ("| `common` | clocks | |\n| `agent/push` | sends | `common` |\n"
         "| `agent` | commands | `push` |\n")


def check(folder, lists=None, files=None, table=TABLE):
    for name, text in {**LISTS, **(lists or {})}.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "CMakeLists.txt").write_text(text)
    for name, text in {**FILES, **(files or {})}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return rooms.check(folder, table)


def test_a_sound_tree_has_no_fault(tmp_path):
    assert check(tmp_path) == []


@pytest.mark.parametrize(("change", "fault"), [
    ({"files": {"agent/main.cpp": '#include "agent/push/client.h"\n#include "common/clock.h"\n'}},
     "agent/main.cpp includes chorus_common, which the LIBS of agent do not name"),
    ({"files": {"agent/push/client.cpp": ""}},
     "agent/push links chorus_common and includes nothing of it"),
    ({"files": {"agent/stray/lost.cpp": ""}}, "agent/stray/lost.cpp belongs to no library"),
    ({"table": TABLE.replace("`push` |", "`push`, `common` |")},
     "ARCHITECTURE.md says that agent uses ['common', 'push'], CMake ['push']"),
    ({"table": TABLE.replace("| `common` | clocks | |\n", "")},
     "ARCHITECTURE.md has no row for common"),
    ({"lists": {"common": "chorus_library(chorus_common LIBS agent_push)"},
      "files": {"common/clock.cpp": '#include "agent/push/client.h"\n'},
      "table": TABLE.replace("clocks | |", "clocks | `push` |")},
     "a circle: agent_push -> chorus_common -> agent_push"),
])
def test_a_fault_is_told(tmp_path, change, fault):
    assert check(tmp_path, **change) == [fault]
