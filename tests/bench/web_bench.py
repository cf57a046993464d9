"""The dashboard before a large fleet: first paint, and what one update costs the browser."""

import json
import os
import pathlib
import shutil
import subprocess

from batch_maker import BatchMaker, process
from chorus_harness import Aggregator

WEB = pathlib.Path(__file__).parent.parent / "e2e" / "web"
HOSTS, PROCESSES = 200, 2_000


def fill(aggregator):
    """Two collections of every host, so that the second table differs from the first."""
    token_of = {}
    rows = [process(n + 1, f"worker-{n % 97}", cpu_percent=n % 300 / 10, cmdline=f"worker --n {n}")
            for n in range(PROCESSES)]
    makers = [BatchMaker(f"bench-{n:03d}") for n in range(HOSTS)]
    for age in (30, 1):
        for maker in makers:
            token = token_of.setdefault(maker.hostname, None) or aggregator.token(name=maker.hostname)
            token_of[maker.hostname] = token
            assert aggregator.ingest(maker.make(processes=rows, seconds_ago=age), token,
                                     encoding="zstd").status == 200


def bench_web(add):
    print(f"Dashboard with {HOSTS} hosts of {PROCESSES:,} processes:")
    if shutil.which("node") is None or not (WEB / "node_modules" / "playwright-core").exists():
        print("  left out: it needs node and the packages of tests/e2e/web (npm ci)")
        return
    with Aggregator(environment={"CHORUS_ANONYMOUS_ROLE": "viewer"}) as aggregator:
        if aggregator.get("/ui/").status != 200:
            print("  left out: the program was built without the dashboard")
            return
        fill(aggregator)
        done = subprocess.run(["node", WEB / "bench.mjs", f"http://127.0.0.1:{aggregator.port}"],
                              capture_output=True, text=True, timeout=300, check=False,
                              env={**os.environ, "CHORUS_CHROMIUM": "/usr/bin/chromium"})
        assert done.returncode == 0, done.stderr
        for figure in json.loads(done.stdout):
            add(figure["what"], figure["ms"], "ms", figure["target"], "less")
