"""What the browser tests look at.

Most of it comes about as it does for users: real agents, one of which has stopped, a process that
burns CPU, a service that does not answer, and rules that fire on them. Odd names and hours of history
are sent as an agent would.
"""

import json
import os
import random
import subprocess
import sys
import time

from batch_maker import BatchMaker, process
from chorus_harness import Agent, Aggregator, free_port, wait_until

# Names that would do something if anything but text were made of them.
PROBE = "<img src=x onerror=window.probed=1>"
PROBES = [PROBE, "\"><script>window.probed=1</script>", "javascript:window.probed=1",
          "\u202egpj.exe", "'; DROP TABLE hosts; --", "{{constructor.constructor('window.probed=1')()}}"]
TRACE_TABLES = 30
TRACE_PROCESSES = 70  # so that every row is drawn
TRACE_STEP = 30
BURNER = "report-builder"
# By name: what fires, all within the first rounds.
RULES = {
    "CPU is busy": ("system_metric", "high", {
        "metric_type": "cpu_usage_percent", "hostname": "web-01", "threshold": 1, "clear_threshold": 0,
        "critical_threshold": 101}),
    "Memory is used": ("system_metric", "medium", {
        "metric_type": "memory_usage_percent", "hostname": "db-01", "threshold": 0.1}),
    "Files are open": ("system_metric", "low", {
        "metric_type": "system_fd_used_count", "hostname": "db-01", "threshold": 1}),
    "Search is down": ("service_health", "critical", {"service_name": "search", "fault": "down"}),
    "Host is silent": ("host_silent", "critical", {"hostname": "cache-01", "intervals": 3}),
}


class Stage:
    """Everything that runs; `act` is what tests may ask for."""

    def __init__(self, directory):
        self.directory = directory
        root = {"CHORUS_WEB_ROOT": os.environ["CHORUS_WEB_ROOT"]} if "CHORUS_WEB_ROOT" in os.environ else {}
        self.open = Aggregator({"CHORUS_ANONYMOUS_ROLE": "operator", "HEALTH_CHECK_INTERVAL": "5",
                                "ALERT_CHECK_INTERVAL": "2", **root})
        self.readable = Aggregator({"CHORUS_ANONYMOUS_ROLE": "viewer", **root})
        self.guarded = Aggregator({"CHORUS_ANONYMOUS_ROLE": "none", **root})
        self.agents = {}
        self.sleepers = []

    def __enter__(self):
        self.guarded.start(wait_ready=False)
        self.readable.start()
        self.open.environment["SERVICE_ENDPOINTS"] = json.dumps({
            "chat-service": f"http://127.0.0.1:{self.guarded.port}/health",
            "search": {"url": f"http://127.0.0.1:{free_port()}/", "retries": 0}})
        self.open.start()
        self.viewer = self.guarded.token(role="viewer", name="looker")
        self.operator = self.guarded.token(role="operator", name="on-call")
        self.admin = self.guarded.token(role="admin", name="keeper")
        for name in ("web-01", "db-01", "cache-01"):
            self.agents[name] = Agent(self.open, name)
            self.agents[name].start()
        self.probe_host()
        self.history_host()
        self.trace = self.record_trace()
        wait_until(lambda: len(self.open.get("/api/v1/hosts").json) >= 6, 60, "six hosts")
        self.burn()
        self.agents["cache-01"].stop()
        self.alerts = {name: self.fire(name, *rule) for name, rule in RULES.items()}
        self.burner.kill()  # the alerts keep what they saw of it
        self.burner.wait()
        return self

    def __exit__(self, *_):
        for agent in self.agents.values():
            agent.__exit__()
        for child in self.sleepers:
            child.kill()
            child.wait()
        self.open.close()
        self.readable.close()
        self.guarded.close()

    def has_dashboard(self):
        return self.open.get("/ui/").status == 200

    def facts(self):
        return {"base": f"http://127.0.0.1:{self.open.port}", "trace": str(self.trace),
                "readable": f"http://127.0.0.1:{self.readable.port}",
                "guarded": f"http://127.0.0.1:{self.guarded.port}", "viewer": self.viewer,
                "admin": self.admin, "operator": self.operator, "alerts": self.alerts,
                "burner": {"name": BURNER, "pid": self.burner.pid},
                "probe": PROBE}

    def act(self, name, argument):
        if name == "stop-agent":
            return self.agents[argument].stop()
        if name == "start-agent":
            self.agents[argument].start()
            return None
        if name == "stop-server":
            return self.open.stop()
        if name == "sign-in-link":
            done = self.guarded.command("sign-in-link", "--name", argument or "browser")
            assert done.returncode == 0, done.stderr
            return done.stdout.strip().partition("#")[2]
        if name == "start-server":
            self.open.start()
            return None
        raise ValueError(name)

    def ingest(self, batch, token):
        answer = self.open.ingest(batch, token)
        assert answer.status == 200, answer.body

    def burn(self):
        """A process that keeps one processor busy, seen by the agents; what ran before is known."""
        def tables():
            return self.open.sql("SELECT count(*) FROM monitoring.process_batches JOIN monitoring.hosts"
                                 " USING (host_id) WHERE hostname = 'web-01'")[0][0]
        wait_until(lambda: int(tables()) >= 2, 60, "two process tables of web-01")
        # The first table is taken to be older, so that there is something to compare with.
        self.open.sql("""
            UPDATE monitoring.process_batches b SET ts = b.ts - interval '65 minutes' FROM (
                SELECT host_id, min(ts) AS ts FROM monitoring.process_batches
                JOIN monitoring.hosts USING (host_id) WHERE hostname = 'web-01' GROUP BY 1) first
            WHERE b.host_id = first.host_id AND b.ts = first.ts""")
        link = os.path.join(self.directory, BURNER)  # a process is named after its file
        os.symlink(sys.executable, link)
        # Ends by itself should the tests be killed.
        self.burner = subprocess.Popen([
            link, "-c", "import time\nend = time.time() + 300\nwhile time.time() < end: pass"])
        try:  # also beside compilers it is to have a processor for itself
            os.setpriority(os.PRIO_PROCESS, self.burner.pid, -15)
        except PermissionError:
            pass
        wait_until(lambda: (self.open.get("/api/v1/metrics/processes?hostname=web-01&limit=1"
                                          f"&process_name={BURNER}").json or
                            [{"cpu_percent": None}])[0]["cpu_percent"], 60, "the burner in a table")

    def fire(self, name, rule_type, severity, condition):
        """Makes a rule and answers the id of the alert it opens."""
        if rule_type == "system_metric":
            condition = {"operator": ">", "aggregation": "last", "time_window_minutes": 1, **condition}
        made = self.open.request("POST", "/api/v1/alert-rules", json.dumps(
            {"name": name, "rule_type": rule_type, "severity": severity, "condition": condition,
             "cooldown_minutes": 0}), {"Content-Type": "application/json"})
        assert made.status == 201, made.body
        return wait_until(lambda: self.open.get(f"/api/v1/alerts?rule_id={made.json['id']}").json,
                          90, f"an alert of {name}")[0]["id"]

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
        maker, token = BatchMaker("mail-01"), self.open.token(name="history")
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
                      "(SELECT host_id FROM monitoring.hosts WHERE hostname = 'mail-01')")

    def record_trace(self):
        """Real process tables of this machine, played back under one host with 30 s between them."""
        recorder = Agent(self.open, "app-01")
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
        maker, token = BatchMaker("app-01"), self.open.token(name="trace")
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
