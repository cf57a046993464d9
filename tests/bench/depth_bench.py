"""History over weeks: bytes at rest, and what charts, summaries, backtests and SQL cost before days are
packed and after, beside VictoriaMetrics with the same samples.

CPU is that of the aggregator and of the whole PostgreSQL server. An answer that is not that of the
samples makes its row a WRONG ANSWER, however fast it came.
"""

import copy
import json
import time

from chorus_harness import Aggregator, psql
from depth_data import Scale, add_hosts, generator, load, seal, settle, stored_bytes
from depth_questions import ASKED, METRIC, PeerQuestions, Questions, Refused, is_right
from meter import Meter, cpu_seconds, p99, readers
from victoria import VictoriaMetrics

RUNS = 5
SECONDS = 0.5  # of a run
READERS, READING_SECONDS = 50, 5
NAMES = {"one_metric": "one metric of one host", "six_charts": "six charts of one host",
         "summary": "summary of 7 days, all hosts", "backtest": "backtest, all hosts",
         "metric_series": "metric_series() of one host"}
# Of the packed form: milliseconds, how often its CPU must fit into that of the days as they came, and
# its part of VictoriaMetrics' CPU.
LONGEST_MS = {"summary": 50, "backtest": 1000}
TIMES_LESS_CPU = {"one_metric": 100, "six_charts": 300}
PART_OF_PEER = {"one_metric": 0.5, "six_charts": 1}
BYTES, PACKING_NS = 1.1, 150
REFUSED, WRONG = "refused: too long", "WRONG ANSWER"


class Measured:
    """The answers to all questions, and their costs; None where refused."""

    def __init__(self, aggregator, scale, operator, before=None):
        self.costs, self.answers = {}, {}
        # What stands beside the figures instead of a judgement.
        self.wrong = dict.fromkeys(ASKED, REFUSED)
        meter = Meter(pids(aggregator), RUNS, SECONDS)
        questions = Questions(aggregator, scale, operator)
        for name in ASKED:
            ask = getattr(questions, name)
            self.costs[name] = self.answers[name] = None
            try:
                answer = ask()
                wrong = not is_right(scale, name, answer,
                                     before.answers[name] if before else None)
                self.wrong[name] = WRONG if wrong else None
                self.costs[name] = meter.measure(ask)
                self.answers[name] = answer
            except Refused:
                self.wrong[name] = REFUSED
        paths = [questions.chart_path([METRIC], f"h{n + 1}") for n in range(scale.hosts)]
        questions.close()
        self.alone, _ = readers(aggregator.port, paths, 1, READING_SECONDS)
        self.crowd, self.statuses = readers(aggregator.port, paths, READERS, READING_SECONDS)


def pids(aggregator):
    return aggregator.process.pid, postmaster(aggregator)


def postmaster(aggregator):
    return int(aggregator.sql("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")[0][0])


def environment(aggregator):
    """No rounds of rules, nothing deleted, and no packing before it is its turn."""
    quiet = {"ALERT_CHECK_INTERVAL": "86400", "CHORUS_RETENTION_SYSTEM_DAYS": "0"}
    if "--seal-cpu-percent" in aggregator.command("--help=all").stdout:
        quiet["CHORUS_SEAL_CPU_PERCENT"] = "0"
    return quiet


class Reporter:
    def __init__(self, add, scale):
        self.add, self.scale = add, scale

    def packing(self, before, after, packed, server_seconds):
        samples = self.scale.samples
        self.add("stored sample, as it came", before / samples, "bytes")
        self.add("stored sample, packed", after / samples, "bytes", BYTES, "less")
        own = packed["program_cpu_seconds"] + packed["session_cpu_seconds"]
        self.add("packing a sample, CPU of the job and its session", own / samples * 1e9, "ns",
                 PACKING_NS, "less")
        self.add("packing a sample, with all of PostgreSQL",
                 (packed["program_cpu_seconds"] + server_seconds) / samples * 1e9, "ns")

    def cost(self, what, cost, wrong, target=None):
        self.add(what, cost and cost.wall_ms, "ms", target, "less", wrong)
        if cost or not wrong:
            self.add(f"{what}, CPU", cost and cost.cpu_ms, "ms", result=wrong)

    def question(self, name, before, after, peer):
        what = NAMES[name] + ("" if name == "summary" else f", {self.scale.days} days")
        old, new = before.costs[name], after.costs[name]
        self.cost(f"{what}, as they came", old, before.wrong[name])
        self.cost(f"{what}, packed", new, after.wrong[name], LONGEST_MS.get(name))
        self.add(f"{what}, CPU as they came / packed", old and new and old.cpu_ms / new.cpu_ms, "x",
                 TIMES_LESS_CPU.get(name), "more", after.wrong[name] or before.wrong[name])
        if name == "metric_series":
            return
        theirs = peer and peer[name]
        self.cost(f"{what}, VictoriaMetrics", theirs, None)
        wrong = after.wrong[name] or (None if peer["agrees"] else WRONG) if theirs else None
        self.add(f"{what}, CPU packed / VictoriaMetrics",
                 theirs and new and new.cpu_ms / theirs.cpu_ms, "x", PART_OF_PEER.get(name), "less",
                 wrong)

    def crowd(self, before, after):
        for form, measured in (("as they came", before), ("packed", after)):
            what = f"{READERS} readers at once, {form}"
            is_packed = form == "packed"
            bad = sum(count for status, count in measured.statuses.items() if status != 200)
            self.add(f"{what}: answers 503 or worse", bad, "", 0 if is_packed else None, "less")
            self.add(f"{what}: good answers", len(measured.crowd), "")
            self.add(f"{what}: p99", p99(measured.crowd), "ms")
            self.add(f"one reader, {form}: p99", p99(measured.alone), "ms")

    def today(self, found):
        for what, cost, wrong in found:
            self.cost(what, cost, wrong)


def measure_today(aggregator, scale, operator):
    """The same with the hours since the last midnight, which are not packed: what, cost, what is wrong."""
    longer = copy.copy(scale)
    longer.end = int(time.time())
    load(aggregator, scale, scale.end, longer.end)
    meter = Meter(pids(aggregator), RUNS, SECONDS)
    questions = Questions(aggregator, longer, operator)
    found = []
    for name in ("one_metric", "six_charts", "summary", "backtest"):
        ask = getattr(questions, name)
        what = f"{NAMES[name]}, packed, and {(longer.end - scale.end) / 3600:.1f} h as they came"
        try:
            whole = name != "summary" or is_right(longer, name, ask())
            found.append((what, meter.measure(ask), None if whole else WRONG))
        except Refused:
            found.append((what, None, REFUSED))
    questions.close()
    return found


def ask_peer(scale, chart):
    """Costs by question, bytes of a sample, and whether it agrees; None where it is not installed."""
    if not VictoriaMetrics.PROGRAM:
        return None
    with VictoriaMetrics() as victoria:
        made = generator("import", scale.hosts, scale.start, scale.end)
        victoria.take_in(made.stdout)
        assert made.wait() == 0
        questions = PeerQuestions(victoria, scale, json.loads(chart)["step_seconds"])
        meter = Meter([victoria.process.pid], RUNS, SECONDS)
        found = {name: meter.measure(getattr(questions, name))
                 for name in ("one_metric", "six_charts", "summary", "backtest", "average_alone")}
        found["agrees"] = questions.agrees(chart)
        found["bytes"] = victoria.stored_bytes() / scale.samples
        return found


def measure_aggregator(report, scale):
    """What was measured before packing, after it, and with today."""
    aggregator = Aggregator()
    aggregator.environment.update(environment(aggregator))
    with aggregator:
        operator = aggregator.token("operator")
        add_hosts(aggregator, scale)
        empty, began = stored_bytes(aggregator), time.monotonic()
        load(aggregator, scale, scale.start, scale.end)
        print(f"  loaded in {time.monotonic() - began:.0f} s", flush=True)
        size = stored_bytes(aggregator) - empty
        before = Measured(aggregator, scale, operator)
        aggregator.stop()
        server = cpu_seconds(postmaster(aggregator))
        packed = seal(aggregator)
        server = cpu_seconds(postmaster(aggregator)) - server
        assert packed["days"] == scale.days and packed["batches"] == scale.batches, packed
        settle(aggregator)
        report.packing(size, stored_bytes(aggregator) - empty, packed, server)
        aggregator.start()
        after = Measured(aggregator, scale, operator, before)
        return before, after, measure_today(aggregator, scale, operator)


def bench_depth(add, hosts=20, days=30):
    scale = Scale(hosts, days)
    print(f"History of {hosts} hosts over {days} days, {scale.samples / 1e6:,.1f} million samples:",
          flush=True)
    report = Reporter(add, scale)
    psql("ALTER SYSTEM SET autovacuum = off")
    psql("SELECT pg_reload_conf()")
    try:
        before, after, today = measure_aggregator(report, scale)
    finally:
        psql("ALTER SYSTEM RESET autovacuum")
        psql("SELECT pg_reload_conf()")
    chart = after.answers["one_metric"] or before.answers["one_metric"]
    peer = chart and ask_peer(scale, chart)
    add("VictoriaMetrics, stored sample", peer and peer["bytes"], "bytes")
    for name in ASKED:
        report.question(name, before, after, peer)
    alone = peer and peer["average_alone"]
    add("one metric of one host, VictoriaMetrics, the average alone, CPU", alone and alone.cpu_ms, "ms")
    report.crowd(before, after)
    report.today(today)
