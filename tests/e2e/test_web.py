"""The dashboard in a real browser: runs each file of tests/e2e/web against real programs.

The files are JavaScript because the browser's driver is; what they need from outside (an agent that
stops, a server that starts again) they ask of a small control server here.
"""

import http.server
import json
import os
import pathlib
import shutil
import subprocess
import threading

import pytest

import web_stage

HERE = pathlib.Path(__file__).parent / "web"
FILES = sorted(path.name for path in HERE.glob("*.test.mjs"))
CHROMIUM = "/usr/bin/chromium"


def needs():
    """What this machine lacks, or None."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "needs: node and npm"
    return None if os.path.exists(CHROMIUM) else "needs: chromium"


@pytest.fixture(scope="module")
def packages():
    """The driver and axe, by the lock file and without running their scripts."""
    if (missing := needs()) is not None:
        pytest.skip(missing)
    lock = (HERE / "package-lock.json").read_bytes()
    mark = HERE / "node_modules" / ".lock"
    if not mark.exists() or mark.read_bytes() != lock:
        done = subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=HERE, capture_output=True,
                              text=True, timeout=900, check=False)
        assert done.returncode == 0, done.stderr
        mark.write_bytes(lock)


@pytest.fixture(scope="module")
def stage(packages, tmp_path_factory):
    with web_stage.Stage(tmp_path_factory.mktemp("web")) as running:
        yield running


@pytest.fixture(scope="module")
def control(stage):
    """POST /NAME/ARGUMENT calls a method of the stage."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):  # noqa: N802, the name is given by the base class
            name, argument = (self.path.strip("/").split("/") + [""])[:2]
            try:
                answer = stage.act(name, argument)
                self.send_response(200)
            except Exception as error:  # the test that asked shall see it
                answer = repr(error)
                self.send_response(500)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


def test_the_sources_are_typed_without_a_fault(packages):
    web = HERE.parent.parent.parent / "aggregator" / "web"
    copy = pathlib.Path(os.environ["CHORUS_BIN_DIR"]).parent / "aggregator" / "assets" / "web"
    compiler = copy / "node_modules" / ".bin" / "tsc"
    if not compiler.exists():
        pytest.skip("needs: a build with the dashboard")
    done = subprocess.run([compiler, "--noEmit", "-p", copy], capture_output=True, text=True,
                          timeout=120, check=False)
    assert done.returncode == 0, done.stdout
    assert (web / "tsconfig.json").read_text() == (copy / "tsconfig.json").read_text()


def test_a_page_that_reads_what_the_api_does_not_answer_does_not_compile(packages, tmp_path):
    built = pathlib.Path(os.environ["CHORUS_BIN_DIR"]).parent / "aggregator" / "assets" / "web"
    if not (built / "node_modules").exists():
        pytest.skip("needs: a build with the dashboard")
    web = HERE.parent.parent.parent / "aggregator" / "web"
    copy = tmp_path / "web"
    shutil.copytree(web, copy, ignore=shutil.ignore_patterns("node_modules", "dist"))
    (copy / "node_modules").symlink_to(built / "node_modules")
    description = (web.parent / "api" / "openapi.json").read_text()
    drifts = {"by_memory": "by_ram", "process_table_at": "read_at", "/transitions": "/steps",
              "io_bytes_per_sec": "io_rate"}
    for told, other in drifts.items():
        assert told in description
        description = description.replace(told, other)
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "openapi.json").write_text(description)
    done = subprocess.run(["npm", "run", "--silent", "check"], cwd=copy, capture_output=True,
                          text=True, timeout=300, check=False)
    assert done.returncode != 0 and "error TS" in done.stdout
    assert [told for told in drifts if told.strip("/") not in done.stdout] == [], done.stdout


@pytest.mark.parametrize("name", FILES)
def test_dashboard(stage, control, name):
    if not stage.has_dashboard():
        pytest.skip("needs: a build with the dashboard")
    environment = {**os.environ, "CHORUS_WEB_STAGE": json.dumps({**stage.facts(), "control": control}),
                   "CHORUS_CHROMIUM": CHROMIUM}
    done = subprocess.run(["node", "--test", "--test-reporter=spec", HERE / name], cwd=HERE,
                          env=environment, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
