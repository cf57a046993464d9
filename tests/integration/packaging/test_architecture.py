"""Libraries use what they declare, declare what they use, and ARCHITECTURE.md says so. Decisions have one form."""

import pathlib
import re

import pytest

import rooms

ROOT = pathlib.Path(__file__).resolve().parents[3]


def test_every_arrow_is_declared_and_drawn():
    assert rooms.check(ROOT, (ROOT / "ARCHITECTURE.md").read_text()) == []


def test_the_fuzzers_are_built_of_files_that_exist():
    folder = ROOT / "tests/fuzz"
    lists = re.sub(r"#.*", "", (folder / "CMakeLists.txt").read_text())
    named = re.findall(r"\$\{(agent|aggregator)\}/([\w/]+\.cpp)", lists)
    assert named and [path for path in map("/".join, named) if not (ROOT / path).is_file()] == []
    targets = set(re.findall(r"^chorus_fuzz\((\w+) ", lists, re.M))
    assert targets == {path.stem for path in folder.glob("*.cpp")} == {path.name for path in folder.glob("seeds/*")}
    for path in folder.glob("*.cpp"):
        for name in re.findall(r'^#include "([^"]+)"', path.read_text(), re.M):
            assert (ROOT / name).is_file(), f"{path.name} includes {name}"


OUTBOX = "aggregator/schema/migrations/0013_notifications.sql"


@pytest.mark.parametrize("header", [
    "aggregator/alert_store/alert_refresh.h", "aggregator/alert_store/alert_store.h",
    "aggregator/alert_store/notification_store.h", "aggregator/live/alert_feed.h",
    "aggregator/notify/notifier.h", "aggregator/postgres/listener.h"])
def test_who_relies_on_the_trigger_of_the_outbox_names_it(header):
    text = (ROOT / header).read_text()
    assert OUTBOX in text
    named = re.search(r"trigger\s+(?://\s+)?(\w+)", text).group(1)
    assert f"CREATE TRIGGER {named} AFTER INSERT ON monitoring.alert_transitions" in (ROOT / OUTBOX).read_text()


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
    ({"files": {"agent/main.cpp": '#include "agent/push/client.h"\n# include <common/clock.h>\n'}},
     "agent/main.cpp includes chorus_common, which the LIBS of agent do not name"),
    ({"files": {"agent/main.cpp": '#include "agent/push/client.h"\n#include "../common/clock.h"\n'}},
     "agent/main.cpp includes chorus_common, which the LIBS of agent do not name"),
    ({"files": {"agent/push/client.cpp": ""}},
     "agent/push links chorus_common and includes nothing of it"),
    ({"files": {"agent/push/client.h": '#include "common/clock.h"\n'}},
     "agent/push/client.h includes chorus_common, which is not PUBLIC in agent/push"),
    ({"lists": {"agent/push": "chorus_library(agent_push PUBLIC chorus_common)"}},
     "chorus_common is PUBLIC in agent/push, and no header includes it"),
    ({"files": {"common/clock.cpp": "#include <zstd.h>\n"}},
     "common/clock.cpp includes external::zstd, which the LIBS of common do not name"),
    ({"lists": {"common": "chorus_library(chorus_common LIBS Threads::Threads external::zstd)"}},
     "common links external::zstd and includes nothing of it"),
    ({"files": {"agent/stray/lost.cpp": ""}}, "agent/stray/lost.cpp belongs to no library"),
    ({"table": TABLE.replace("`push` |", "`push`, `common` |")},
     "ARCHITECTURE.md says that agent uses ['common', 'push'], CMake ['push']"),
    ({"lists": {"agent/push/tls": "chorus_library(agent_push_tls LIBS chorus_common)",
                "agent": LISTS["agent"].replace("agent_push)", "agent_push agent_push_tls)")},
      "files": {"agent/push/tls/tls.h": "", "agent/push/tls/tls.cpp": '#include "common/clock.h"\n',
                "agent/main.cpp": '#include "agent/push/client.h"\n#include "agent/push/tls/tls.h"\n'},
      "table": TABLE.replace("`push` |", "`push`, `push_tls` |") + "| `agent/push/tls` | encrypts | `common` |\n"},
     "ARCHITECTURE.md says that agent uses ['push', 'push_tls'], CMake ['push', 'push/tls']"),
    ({"table": TABLE.replace("| `common` | clocks | |\n", "")},
     "ARCHITECTURE.md has no row for common"),
    ({"lists": {"common": "chorus_library(chorus_common LIBS agent_push)"},
      "files": {"common/clock.cpp": '#include "agent/push/client.h"\n'},
      "table": TABLE.replace("clocks | |", "clocks | `push` |")},
     "a circle: agent_push -> chorus_common -> agent_push"),
])
def test_a_fault_is_told(tmp_path, change, fault):
    assert check(tmp_path, **change) == [fault]


def faults_of_decisions(files):
    """Of {name: text} of a folder of decisions: what is wrong with numbers, headings and index."""
    decisions = sorted(name for name in files if name != "README.md")
    for number, name in enumerate(decisions, 1):
        if not name.startswith(f"{number:04d}-"):
            yield f"{name} should have the number {number:04d}"
        if not files[name].startswith(f"# {name[:4]}. "):
            yield f"{name} does not begin with its number and title"
        headings = re.findall(r"^## (.*)$", files[name], re.M)
        if [h for h in headings if h in ("Decision", "Consequence")] != ["Decision", "Consequence"] or \
                set(headings) - {"Context", "Decision", "Consequence", "Figure"}:
            yield f"{name} has the headings {headings}"
        if files["README.md"].count(f"]({name})") != 1:
            yield f"{name} is not once in the index"


def test_decisions_are_numbered_and_listed():
    folder = ROOT / "packaging/docs/decisions"
    files = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    assert len(files) > 50 and list(faults_of_decisions(files)) == []


DECISION = "# 0001. A\n\n## Decision\n\nx\n\n## Consequence\n\ny\n"


@pytest.mark.parametrize(("change", "fault"), [
    ({"0003-b.md": DECISION.replace("0001", "0003"), "README.md": "[](0001-a.md) [](0003-b.md)"},
     "0003-b.md should have the number 0002"),
    ({"0001-a.md": DECISION.replace("# 0001. ", "# ")}, "0001-a.md does not begin with its number and title"),
    ({"0001-a.md": DECISION.replace("Consequence", "Result")}, "0001-a.md has the headings ['Decision', 'Result']"),
    ({"README.md": ""}, "0001-a.md is not once in the index")])
def test_a_fault_of_a_decision_is_told(change, fault):
    good = {"0001-a.md": DECISION, "README.md": "[](0001-a.md)"}
    assert list(faults_of_decisions(good)) == []
    assert list(faults_of_decisions(good | change)) == [fault]
