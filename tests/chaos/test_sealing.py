"""Days are packed, moved and packed again with late batches while aggregators and PostgreSQL are
killed: each batch and process table is there once afterwards, and history reads as where nothing was
packed.

CHORUS_CHAOS_ROUNDS sets how often.
"""

import http.client
import os
import random
import signal
import threading
import time

from batch_maker import BatchMaker, process, timestamp
from chorus_harness import Aggregator, PrivateServers, wait_until
from cluster import LONG, rounds

KILLS = rounds(6)
HOSTS = [f"packed-{i}" for i in range(6)]
DAY = 86_400
FIRST_DAYS = 4
ENVIRONMENT = {"CHORUS_LEADER_LEASE": "1", "CHORUS_SPOOL_AGE_DAYS": "365",
               "CHORUS_RETENTION_SYSTEM_DAYS": "0", "CHORUS_RETENTION_PROCESS_DAYS": "0"}
BATCHES = """
SELECT h.hostname, b.at FROM (
    SELECT host_id, ts AS at FROM monitoring.system_batches
    UNION ALL
    SELECT s.host_id, t FROM monitoring.sealed_batches s
    JOIN monitoring.sealed_days USING (day), unnest(s.times) AS t) b
JOIN monitoring.hosts h USING (host_id) ORDER BY 1, 2
"""
TABLES = """
SELECT h.hostname, b.at FROM (
    SELECT host_id, ts AS at FROM monitoring.process_batches
    UNION ALL
    SELECT s.host_id, t FROM monitoring.sealed_processes s
    JOIN monitoring.sealed_process_days USING (day), unnest(s.times) AS t) b
JOIN monitoring.hosts h USING (host_id) ORDER BY 1, 2
"""
MOMENTS = """
SELECT b.ts, to_char((b.ts + interval '1 s') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM monitoring.process_batches b JOIN monitoring.hosts h USING (host_id)
WHERE h.hostname = '{}' ORDER BY md5(b.ts::text) LIMIT 30
"""


class Pair:
    """Two aggregators on servers of their own, of which one leads; and one that packs nothing and is
    left alone, to compare with."""

    def __init__(self):
        self.servers = PrivateServers()
        self.members = [Aggregator({**ENVIRONMENT, "CHORUS_SEAL_CPU_PERCENT": "60"},
                                   self.servers.database_url, self.servers.redis_url)
                        for _ in range(2)]
        self.reference = Aggregator({**ENVIRONMENT, "CHORUS_SEAL_CPU_PERCENT": "0"})

    def __enter__(self):
        self.reference.start()
        for member in self.members:
            member.start()
        return self

    def __exit__(self, *_):
        try:
            for aggregator in (*self.members, self.reference):
                aggregator.close()
        finally:
            self.servers.close()

    def sql(self, statement):
        return self.members[0].sql(statement)

    def leader(self):
        """The one that leads, as PostgreSQL has it."""
        def found():
            rows = self.sql("SELECT split_part(holder, '/', 2) FROM monitoring.leader"
                            " WHERE expires_at > clock_timestamp()")
            return rows and [m for m in self.members if str(m.process.pid) == rows[0][0]]
        return wait_until(found, LONG, "a leader")[0]

    def renew(self, member):
        """Kills it and starts it anew; it packs as soon as it leads again."""
        member.kill()
        member.start(wait_ready=False)

    def crash_postgres(self):
        """kill -9 of the server and of all its processes."""
        with open(self.servers.path + "/pg/postmaster.pid", encoding="ascii") as file:
            server = int(file.readline())
        os.kill(server, signal.SIGSTOP)  # or it makes more while we look
        children = []
        for task in os.listdir(f"/proc/{server}/task"):
            with open(f"/proc/{server}/task/{task}/children", encoding="ascii") as file:
                children += [int(pid) for pid in file.read().split()]
        for pid in (server, *children):
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") and not is_zombie(pid)
                                   for pid in (server, *children)), LONG, "the end of PostgreSQL")
        # Where nobody has reaped the server yet, its number looks as if it ran.
        for name in ("/pg/postmaster.pid", "/run/.s.PGSQL.5432.lock"):
            os.remove(self.servers.path + name)
        self.servers.call("start_postgres")


def is_zombie(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


class Sender(threading.Thread):
    """Sends batches of past days to both sides, each until it is stored, one after another."""

    def __init__(self, pair, host, seed):
        super().__init__(daemon=True)
        self.pair, self.rng = pair, random.Random(seed)
        self.maker = BatchMaker(host)
        self.tokens = [pair.members[0].token(name=host), pair.reference.token(name=host)]
        self.days, self.ended, self.sent, self.fault = FIRST_DAYS, False, 0, None

    def run(self):
        try:
            self.send(timestamp())  # so that what comes later is late, and not the newest
            while not self.ended:
                self.send(timestamp(self.rng.randint(3, 2 + self.days) * DAY
                                    + self.rng.uniform(0, DAY)))
        except AssertionError as error:
            self.fault = error

    def send(self, moment):
        metrics = {("value", str(i)): (round(self.rng.uniform(0, 100), 2), "percent")
                   for i in range(self.rng.choice((5, 20)))}
        processes = [process(pid, f"task{pid % 3}", cpu_percent=round(self.rng.uniform(0, 100), 2))
                     for pid in self.rng.sample(range(1, 12), self.rng.randint(1, 5))]
        batch = self.maker.make(metrics, processes=processes, timestamp=moment)
        wait_until(lambda: self.stored(self.rng.choice(self.pair.members), batch, 0), LONG, "200")
        wait_until(lambda: self.stored(self.pair.reference, batch, 1), LONG, "200")
        self.sent += 1

    def stored(self, aggregator, batch, side):
        try:
            answer = aggregator.ingest(batch, self.tokens[side], timeout=10)
        except (OSError, http.client.HTTPException):
            return False  # killed just now
        assert answer.status in (200, 503), answer.body
        return answer.status == 200


def is_packing(told):
    sealing = told["sealing"]
    return (sealing["running_day"] or sealing["processes"]["running_day"]) is not None


def wait_for_packing(pair):
    """Until the leader is at it, or has been in this moment."""
    leader = pair.leader()

    def packing():
        told = leader.get("/status").json
        return is_packing(told) or any(
            task["name"] == "sealing" and task["runs"] for task in told["background_tasks"]["tasks"])
    wait_until(packing, LONG, "a run")
    return leader


def disturb(pair, rng, with_postgres):
    """Whether a day was being packed just before."""
    leader = wait_for_packing(pair)
    # Not for the same time each round: a run takes about that long.
    time.sleep(rng.uniform(0, 0.5))
    busy = is_packing(leader.get("/status").json)
    if with_postgres:
        pair.crash_postgres()
    pair.renew(leader)
    return busy


def pack_the_rest(pair):
    """A run that nobody disturbs."""
    pair.renew(pair.leader())
    leader = wait_for_packing(pair)
    late = """SELECT (SELECT count(*) FROM monitoring.late_days JOIN monitoring.sealed_days USING (day))
        + (SELECT count(*) FROM monitoring.late_process_days
           JOIN monitoring.sealed_process_days USING (day))"""

    def done():
        told = leader.get("/status").json
        return (not is_packing(told) and pair.sql(late) == [["0"]]
                and told["sealing"]["days_waiting"] == 0
                and told["sealing"]["processes"]["days_waiting"] == 0)
    wait_until(done, LONG, "the end of the run")
    told = leader.get("/status").json["sealing"]
    assert told["last_error"] is None and told["processes"]["last_error"] is None


def history(aggregator, host, days):
    """Charts in several widths, and rows of the pages."""
    charts = []
    for hours, points in ((days * 24, 50), (days * 24, 1000), (100, 700), (77, 30)):
        answer = aggregator.get(f"/api/v1/dashboard/metrics/series?hostname={host}&metric_type=value"
                                f"&start={timestamp_of(hours)}&end={timestamp_of(2)}"
                                f"&max_points={points}")
        assert answer.status == 200, answer.body
        charts.append(answer.json)
    rows = aggregator.get(f"/api/v1/metrics/system?hostname={host}&limit=1000"
                          f"&hours={days * 24}").json
    return charts, [(row["timestamp"], row["tags"], row["metric_value"]) for row in rows]


def process_history(aggregator, host, days, moments):
    """Pages in two orders, tables of these moments, and charts of processes."""
    def facts(rows):
        return [(row["timestamp"], row["process_id"], row["process_name"], row["cpu_percent"],
                 row["memory_mb"]) for row in rows]
    answers = []
    for order in ("timestamp", "cpu_percent"):
        answer = aggregator.get(f"/api/v1/metrics/processes?hostname={host}&sort={order}&limit=1000"
                                f"&start_time={timestamp_of(days * 24)}&end_time={timestamp_of(2)}")
        assert answer.status == 200, answer.body
        answers.append(facts(answer.json))
    for moment in moments:
        answer = aggregator.get(f"/api/v1/processes/at?hostname={host}&t={moment}")
        assert answer.status == 200, answer.body
        answers.append((answer.json["timestamp"], facts(answer.json["processes"])))
    for pid in range(1, 12):
        answer = aggregator.get(f"/api/v1/processes/series?hostname={host}&process_id={pid}"
                                f"&start={timestamp_of(days * 24)}&end={timestamp_of(2)}&max_points=200")
        answers.append((answer.status, answer.json["series"] if answer.status == 200 else []))
    return answers


NOW = time.time()


def timestamp_of(hours_ago):
    """Whole hours, the same for both sides."""
    moment = int(NOW // 3600 - hours_ago) * 3600
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def assert_near(one, other):
    """Equal but for the last digits of averages, which are added up in another order."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key, value in one.items():
            assert_near(value, other[key])
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for a, b in zip(one, other):
            assert_near(a, b)
    elif isinstance(one, (int, float)) and isinstance(other, (int, float)):
        assert abs(one - other) <= 1e-9 * max(abs(one), abs(other))
    else:
        assert one == other


def test_kills_while_days_are_packed_lose_and_double_nothing():
    rng = random.Random(12)
    with Pair() as pair:
        senders = [Sender(pair, host, seed) for seed, host in enumerate(HOSTS)]
        for sender in senders:
            sender.start()
        wait_until(lambda: min(s.sent for s in senders) > 40, LONG, "some batches")
        pair.renew(pair.leader())
        busy = 0
        for number in range(KILLS):
            for sender in senders:
                sender.days += 1
            busy += disturb(pair, rng, with_postgres=number % 2 == 1)
        for sender in senders:
            sender.ended = True
        for sender in senders:
            sender.join(LONG)
        assert not [s.fault for s in senders if s.fault]
        pack_the_rest(pair)

        sent = sum(s.sent for s in senders)
        for rows in (BATCHES, TABLES):
            stored = pair.sql(rows)
            assert len(stored) == sent
            assert stored == pair.reference.sql(rows)
        # All but each host's newest one lies in packed days, and no day is unnamed.
        days = FIRST_DAYS + KILLS
        for stored, packed in (("system_batches", "sealed_days"),
                               ("process_batches", "sealed_process_days")):
            assert pair.sql(f"SELECT count(*) FROM monitoring.{stored}") == [[str(len(HOSTS))]]
            assert pair.reference.sql(f"SELECT count(*) FROM monitoring.{packed}") == [["0"]]
            assert int(pair.sql(f"SELECT count(*) FROM monitoring.{packed}")[0][0]) >= days
        for host in HOSTS:
            assert_near(history(pair.members[0], host, days + 4),
                        history(pair.reference, host, days + 4))
            moments = [row[1] for row in pair.reference.sql(MOMENTS.format(host))]
            assert len(moments) > 10
            assert_near(process_history(pair.members[0], host, days + 4, moments),
                        process_history(pair.reference, host, days + 4, moments))
        with open(pair.servers.path + "/pg.log", encoding="utf-8") as log:
            cut = log.read().count("unexpected EOF on client connection with an open transaction")
        print(f"{KILLS} kills, {KILLS // 2} of them of PostgreSQL too, {busy} while a day was packed;"
              f" {sent} batches, each once; {cut} open transactions cut off")
