"""A VictoriaMetrics of one bench, to compare with. Debian's package victoria-metrics."""

import http.client
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.parse

from chorus_harness import free_port, http_get, wait_until


class VictoriaMetrics:
    """A fresh one, on a port of loopback and a folder of its own."""

    PROGRAM = shutil.which("victoria-metrics")

    def __enter__(self):
        self.data = tempfile.TemporaryDirectory(prefix="chorus-victoria-")
        self.port = free_port()
        # What it loads may be older than the month that it keeps by default, and its default bound of
        # points is below what a backtest asks for.
        self.process = subprocess.Popen(
            [self.PROGRAM, f"-storageDataPath={self.data.name}",
             f"-httpListenAddr=127.0.0.1:{self.port}", "-retentionPeriod=1y",
             "-search.maxPointsPerTimeseries=100000"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(self.answers, 20, "VictoriaMetrics")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)
        self.data.cleanup()

    def answers(self):
        try:
            return http_get(self.port, "/health").status == 200
        except OSError:
            return False

    def take_in(self, lines):
        """Loads the JSON lines of a stream of bytes, and waits until they can be asked for."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=3600)
        connection.request("POST", "/api/v1/import", iter(lambda: lines.read(1 << 20), b""),
                           encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
        answer = connection.getresponse()
        assert answer.status == 204, answer.read()
        connection.close()
        assert http_get(self.port, "/internal/force_flush").status == 200
        # Answers at once and merges behind that. Questions meanwhile would seem to cost that as well.
        assert http_get(self.port, "/internal/force_merge").status == 200
        wait_until(self.is_calm, 3600, "the end of all merges")

    def is_calm(self):
        """Whether no merge runs for two seconds, as one may follow another."""
        for _ in range(20):
            if self.is_merging():
                return False
            time.sleep(0.1)
        return True

    def is_merging(self):
        values = [line.rpartition(" ")[2] for line in
                  http_get(self.port, "/metrics").body.decode().splitlines()
                  if line.startswith(("vm_active_force_merges", "vm_active_merges"))]
        assert values, "VictoriaMetrics tells of no merges"
        return any(float(value) for value in values)

    def stored_bytes(self):
        """Of samples and of the index; not of its caches."""
        return sum(os.path.getsize(os.path.join(folder, name))
                   for part in ("data", "indexdb")
                   for folder, _, names in os.walk(os.path.join(self.data.name, part))
                   for name in names)

    def path(self, kind, **parameters):
        """`kind` is query or query_range. Without its cache of answers: Chorus has none."""
        return f"/api/v1/{kind}?" + urllib.parse.urlencode({"nocache": 1, **parameters})

    @staticmethod
    def result(body):
        answer = json.loads(body)
        assert answer["status"] == "success", answer
        return answer["data"]["result"]
