"""What the browser tests look at: two aggregators, real agents, odd names and a recorded trace."""

import json
import os
import random
import subprocess
import time

from chorus_harness import Agent, Aggregator, BatchMaker, free_port, process, wait_until

# Names that would do something if anything but text were made of them.
PROBE = "<img src=x onerror=window.probed=1>"
PROBES = [PROBE, "\"><script>window.probed=1</script>", "javascript:window.probed=1",
          "\u202egpj.exe", "'; DROP TABLE hosts; --", "{{constructor.constructor('window.probed=1')()}}"]
TRACE_TABLES = 30
TRACE_PROCESSES = 70  # so that every row is drawn
TRACE_STEP = 30


class Stage:
    """Everything that runs; `act` is what tests may ask for."""

    def __init__(self, directory):
        self.directory = directory
        self.open = Aggregator(environment={"CHORUS_ANONYMOUS_ROLE": "operator",
                                            "HEALTH_CHECK_INTERVAL": "5"})
        self.guarded = Aggregator(environment={"CHORUS_ANONYMOUS_ROLE": "none"})
        self.agents = {}
        self.sleepers = []

    def __enter__(self):
        self.guarded.start(wait_ready=False)
        self.open.environment["SERVICE_ENDPOINTS"] = json.dumps({
            "chat-service": f"http://127.0.0.1:{self.guarded.port}/health",
            "search": {"url": f"http://127.0.0.1:{free_port()}/", "retries": 0}})
        self.open.start()
        self.viewer = self.guarded.token(role="viewer", name="looker")
        self.admin = self.guarded.token(role="admin", name="keeper")
        for name in ("web-01", "db-01"):
            self.agents[name] = Agent(self.open, name)
            self.agents[name].start()
        self.probe_host()
        self.history_host()
        self.trace = self.record_trace()
        wait_until(lambda: len(self.open.get("/api/v1/hosts").json) >= 5, 60, "five hosts")
        return self

    def __exit__(self, *_):
        for agent in self.agents.values():
            agent.__exit__()
        for child in self.sleepers:
            child.kill()
            child.wait()
        self.open.close()
        self.guarded.close()

    def has_dashboard(self):
        return self.open.get("/ui/").status == 200

    def facts(self):
        return {"base": f"http://127.0.0.1:{self.open.port}", "trace": str(self.trace),
                "guarded": f"http://127.0.0.1:{self.guarded.port}", "viewer": self.viewer,
                "admin": self.admin,
                "probe": PROBE}

    def act(self, name, argument):
        if name == "stop-agent":
            return self.agents[argument].stop()
        if name == "start-agent":
            self.agents[argument].start()
            return None
        if name == "stop-server":
            return self.open.stop()
        if name == "start-server":
            self.open.start()
            return None
        raise ValueError(name)

    def ingest(self, batch, token):
        answer = self.open.ingest(batch, token)
        assert answer.status == 200, answer.body

    def probe_host(self):
        """A host that names everything it may with a probe."""
        maker = BatchMaker("probe-01")
        rows = [process(100 + n, text[:60], user=text[:30], unit=text[:60], cmdline=text)
                for n, text in enumerate(PROBES)]
        metrics = {"cpu_usage_percent": (10.0, "percent"), ("disk_usage_percent", PROBE): (5.0, "percent")}
        batch = maker.make(metrics, rows)
        batch["host"].update(os=PROBE, kernel=PROBE, cpu_model=PROBE)
        batch["events"] = [{"type": "oom_kill", "timestamp": batch["timestamp"],
                            "detail": {"process_name": PROBE, "pid": 100}}]
        self.ingest(batch, self.open.token(name="probe"))

    def history_host(self):
        """Three hours with a gap of twenty minutes, for charts."""
        maker, token = BatchMaker("history-01"), self.open.token(name="history")
        chance = random.Random(7)
        for age in range(10_800, 0, -30):
            if 3_600 < age < 4_800:
                continue
            busy = 30 + chance.random() * 20
            metrics = {"cpu_usage_percent": (busy, "percent"), "cpu_user_percent": (busy - 9, "percent"),
                       "memory_usage_percent": (50.0, "percent"), "load_avg_1min": (busy / 20, "avg")}
            self.ingest(maker.make(metrics, [process(1, "init")], seconds_ago=age), token)
        # As if it had come in time: rules do not judge what came late.
        self.open.sql("UPDATE monitoring.system_batches SET received_at = ts WHERE host_id = "
                      "(SELECT host_id FROM monitoring.hosts WHERE hostname = 'history-01')")

    def record_trace(self):
        """Real process tables of this machine, played back under one host with 30 s between them."""
        recorder = Agent(self.open, "trace-01")
        tables = []
        for _ in range(TRACE_TABLES):
            self.sleepers.append(subprocess.Popen(["sleep", "600"]))
            if len(self.sleepers) > 5:
                gone = self.sleepers.pop(0)
                gone.kill()
                gone.wait()
            done = recorder.run("--test")
            assert done.returncode == 0, done.stderr
            tables.append(json.loads(done.stdout))
        children = {child.pid for child in self.sleepers}
        maker, token = BatchMaker("trace-01"), self.open.token(name="trace")
        begin = time.time() - TRACE_STEP * TRACE_TABLES
        trace = []
        for n, table in enumerate(tables):
            columns = table["processes"]["columns"]
            rows = sorted(table["processes"]["rows"],
                          key=lambda row: (row[columns.index("name")] != "sleep", row[0]))
            rows = rows[:TRACE_PROCESSES]
            batch = maker.make(seconds_ago=time.time() - (begin + TRACE_STEP * n))
            batch["boot_id"], batch["host"] = table["boot_id"], table["host"]
            batch["processes"] = {"columns": columns, "rows": rows, "scanned": len(rows)}
            self.ingest(batch, token)
            trace.append({"timestamp": batch["timestamp"],
                          "processes": [dict(zip(columns, row)) for row in rows]})
        assert children
        recorder.directory.cleanup()
        path = os.path.join(self.directory, "trace.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(trace, file)
        return path
