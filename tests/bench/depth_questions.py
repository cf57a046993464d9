"""What is asked of weeks of history, by the API, by SQL and of VictoriaMetrics, and whether the answers
are right."""

import datetime
import json
import math
import subprocess
import time
import urllib.parse

from depth_data import DAY, INTERVAL
from meter import Client

POINTS = 362  # as the dashboard asks for
METRIC = "cpu_usage_percent"
# The first six charts of a host's page.
CHARTS = (
    ("cpu_usage_percent", "cpu_user_percent", "cpu_system_percent", "cpu_iowait_percent",
     "cpu_steal_percent", "cpu_nice_percent", "cpu_softirq_percent"),
    ("memory_used_mb", "memory_available_mb", "swap_used_mb", "memory_total_mb"),
    ("pressure_cpu_some_percent", "pressure_memory_some_percent", "pressure_memory_full_percent",
     "pressure_io_some_percent", "pressure_io_full_percent"),
    ("load_avg_1min", "load_avg_5min", "load_avg_15min"),
    ("disk_read_bytes_per_sec", "disk_write_bytes_per_sec"),
    ("disk_read_await_ms", "disk_write_await_ms"))
HOST = "h2"
RULE = {"name": "depth", "rule_type": "system_metric", "severity": "high", "cooldown_minutes": 0,
        "condition": {"metric_type": METRIC, "operator": ">", "threshold": 30,
                      "time_window_minutes": 10}}


class Refused(Exception):
    """The program answered that this is too much."""


def iso(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat()


def close(a, b):
    if a is None or b is None:
        return a is b
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-6)


class Questions:
    """One connection to an aggregator. Each question answers what it got; Refused if that is 503."""

    def __init__(self, aggregator, scale, operator):
        self.scale, self.operator = scale, operator
        self.until = scale.end
        self.client = Client(aggregator.port)
        self.psql = subprocess.Popen(
            ["psql", "-X", "-q", "-A", "-t", aggregator.database_url], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)

    def close(self):
        self.client.connection.close()
        self.psql.stdin.close()
        self.psql.stdout.close()
        self.psql.wait()

    def get(self, path, **options):
        status, body = self.client.ask(path, **options)
        if status == 503:
            raise Refused(body)
        assert status == 200, (path, status, body)
        return body

    def chart_path(self, metrics, hostname=HOST):
        return "/api/v1/dashboard/metrics/series?" + urllib.parse.urlencode(
            {"hostname": hostname, "metric_type": metrics, "start": iso(self.scale.start),
             "end": iso(self.until - 0.001), "max_points": POINTS}, doseq=True)

    def one_metric(self):
        return self.get(self.chart_path([METRIC]))

    def six_charts(self):
        return [self.get(self.chart_path(metrics)) for metrics in CHARTS]

    def summary(self):
        return self.get("/api/v1/dashboard/metrics/summary?hours=168")

    def backtest(self):
        return self.get(f"/api/v1/alert-rules/test?days={min(30, self.scale.days)}", method="POST",
                        body=json.dumps(RULE), headers={
                            "Content-Type": "application/json",
                            "Authorization": f"Bearer {self.operator}"})

    def metric_series(self):
        """All samples of one metric, as SQL users read them."""
        self.psql.stdin.write((
            "SELECT extract(epoch FROM \"timestamp\"), value FROM monitoring.metric_series("
            f"'{METRIC}', to_timestamp({self.scale.start}), to_timestamp({self.scale.end}),"
            f" '{HOST}') ORDER BY \"timestamp\"; SELECT 'end';\n").encode())
        self.psql.stdin.flush()
        lines = []
        while (line := self.psql.stdout.readline()) != b"end\n":
            assert line, "psql has ended"
            lines.append(line)
        return lines


ASKED = ("one_metric", "six_charts", "summary", "backtest", "metric_series")


def is_right(scale, name, answer, before=None):
    """Whether an answer tells of all that is stored; `before` is the answer before packing."""
    if name == "one_metric":
        return same_chart(answer, before or answer, scale)
    if name == "six_charts":
        return all(same_chart(a, b, scale) for a, b in zip(answer, before or answer))
    if name == "metric_series":
        return (len(answer) == scale.days * DAY // INTERVAL
                and (before is None or answer == before))
    answer = json.loads(answer)
    if name == "summary":
        return summary_is_whole(scale, answer)
    known = json.loads(before)["total"] if before else None
    # The time of which it tells has moved on a little.
    return answer["subjects_seen"] == scale.hosts and answer["total"] > 0 and (
        known is None or abs(answer["total"] - known) <= 2 + known / 100)


def same_chart(one, other, scale):
    one, other = json.loads(one), json.loads(other)
    steps = scale.days * DAY // one["step_seconds"]
    if one["t"] != other["t"] or len(one["series"]) != len(other["series"]) or not one["series"]:
        return False
    return all(
        len(a[column]) == steps and None not in a[column] and all(map(close, a[column], b[column]))
        for a, b in zip(one["series"], other["series"]) for column in ("avg", "min", "max"))


def summary_is_whole(scale, answer):
    """Of the last 168 hours some may lie after the last day that is stored."""
    span = scale.end - max(scale.start, time.time() - 168 * 3600)
    wanted = scale.hosts * scale.unlabelled * span / INTERVAL
    got = sum(metric["sample_count"] for host in answer["summary"].values()
              for metric in host.values())
    return abs(got - wanted) <= wanted / 100


class PeerQuestions:
    """The same of a VictoriaMetrics."""

    def __init__(self, victoria, scale, step):
        self.victoria, self.scale, self.step = victoria, scale, step
        self.client = Client(victoria.port)

    def ask(self, kind, **parameters):
        status, body = self.client.ask(self.victoria.path(kind, **parameters))
        assert status == 200, body
        return body

    def chart(self, function, metrics):
        # A step of Chorus has the time of its start, one of VictoriaMetrics that of its end.
        return self.ask(
            "query_range",
            query=f'{function}({{__name__=~"{"|".join(metrics)}",host="{HOST}"}}[{self.step}s])',
            start=self.scale.start + self.step, end=self.scale.end, step=self.step)

    def one_metric(self):
        """Average, least and greatest value, as the API answers."""
        return self.chart("rollup", [METRIC])

    def average_alone(self):
        return self.chart("avg_over_time", [METRIC])

    def six_charts(self):
        return [self.chart("rollup", metrics) for metrics in CHARTS]

    def summary(self):
        return self.ask("query", query='rollup({label="",host!=""}[7d])', time=int(time.time()))

    def backtest(self):
        end = int(time.time())
        return self.ask("query_range", query=f"avg_over_time({METRIC}[10m]) > 30",
                        start=end - min(30, self.scale.days) * DAY, end=end, step=60)

    def agrees(self, chart):
        """Whether its averages are those of the aggregator's answer."""
        ours = json.loads(chart)["series"][0]["avg"]
        [theirs] = self.victoria.result(self.average_alone())
        theirs = [float(value) for _, value in theirs["values"]]
        return len(theirs) == len(ours) and all(map(close, theirs, ours))
