"""A quickstart that runs in a directory of its own, and what it prints."""

import os
import pathlib
import subprocess

import psutil

from chorus_harness import BIN, free_port, http_get, psql, wait_until


class Quickstart:
    def __init__(self, directory, *arguments, port=None):
        self.data = pathlib.Path(directory) / "data"
        self.port = port or free_port()
        self.arguments = ["--data-dir", str(self.data), "--port", str(self.port), *arguments]
        self.output = pathlib.Path(directory) / "output"
        self.process = None
        self.children = []
        self.environment = {}

    def start(self, welcome=True):
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                [os.path.join(BIN, "chorus-aggregator"), "quickstart", *self.arguments],
                env={**os.environ, "METRICS_COLLECTION_INTERVAL": "1", **self.environment},
                stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        if welcome:
            wait_until(lambda: "Ctrl-C stops everything" in self.text()
                       or self.process.poll() is not None, 60, "the welcome")
            assert self.process.poll() is None, self.text()
            self.children = psutil.Process(self.process.pid).children(recursive=True)
        return self

    def text(self):
        return self.output.read_text()

    def get(self, path):
        return http_get(self.port, path)

    def hosts(self):
        return self.get("/api/v1/hosts").json

    def psql(self, sql):
        return psql(sql, "chorus", str(self.data / "run"))

    def end(self, how):
        self.process.send_signal(how)
        code = self.process.wait(40)
        _, alive = psutil.wait_procs(self.children, 40)
        assert not alive, f"left behind: {alive}"
        return code


def printed(running, word):
    """The one line of the welcome that holds this word, as it stands there."""
    lines = [line.strip() for line in running.text().splitlines() if word in line]
    assert len(lines) == 1, running.text()
    return lines[0]


def run_printed(running, word):
    line = printed(running, word)
    line = line[line.index("  ") + 2:].strip() if not line.startswith(("/", "'")) else line
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60,
                          check=True, stdin=subprocess.DEVNULL, cwd=running.data.parent)
