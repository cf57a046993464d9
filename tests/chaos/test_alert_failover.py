"""The leader among three aggregators is killed or stopped again and again under a known trace of a
metric: each transition that the trace makes is written once, none else is, and each is told once.

CHORUS_CHAOS_ROUNDS sets how often.
"""

import collections
import json
import random
import signal
import threading
import time

from batch_maker import BatchMaker
from chorus_harness import wait_until
from cluster import LONG, Cluster, rounds
from held_lock import HeldLock
from receivers import Webhook, failing

LEASE = 1
HOLDS_LEASE = ("SELECT 1 FROM pg_locks w JOIN pg_locks l USING (pid) WHERE NOT w.granted"
               " AND l.granted AND l.mode = 'RowShareLock'"
               " AND l.relation = 'monitoring.leader'::regclass")
HOSTS = [f"trace-{i}" for i in range(6)]
EACH_TIME, RESTS = "fires each time", "rests after the first"


class Trace:
    """Values of hosts that go over and under the threshold of 80, and what must come of it."""

    def __init__(self, cluster, seed):
        self.cluster = cluster
        self.rng = random.Random(seed)
        member = cluster.members[0]
        self.senders = {host: (BatchMaker(host), member.token(name=host)) for host in HOSTS}
        self.over = dict.fromkeys(HOSTS, False)
        self.expected = collections.defaultdict(list)  # of (rule, host)
        token = member.token("operator")
        self.rules = {}
        for name, cooldown in ((EACH_TIME, 0), (RESTS, 600)):
            answer = member.request("POST", "/api/v1/alert-rules", json.dumps({
                "name": name, "rule_type": "system_metric", "severity": "high",
                "cooldown_minutes": cooldown,
                "condition": {"metric_type": "cpu_usage_percent", "operator": ">", "threshold": 80,
                              "time_window_minutes": 5, "aggregation": "last"}}),
                {"Content-Type": "application/json"}, token)
            assert answer.status == 201, answer.body
            self.rules[answer.json["id"]] = name

    def step(self):
        """Some hosts change sides, all send; the next round must see it."""
        for host in self.rng.sample(HOSTS, self.rng.randint(1, 4)):
            self.over[host] = not self.over[host]
            for rule in (EACH_TIME, RESTS):
                steps = self.expected[rule, host]
                if rule == EACH_TIME or len(steps) < 2:
                    steps.append("active" if self.over[host] else "resolved")
        for host, (maker, token) in self.senders.items():
            value = self.rng.uniform(81, 100) if self.over[host] else self.rng.uniform(0, 79)
            self.cluster.store(maker.make({"cpu_usage_percent": (value, "percent")}, []), token)
        return time.time()

    def assert_written(self):
        """Exactly the expected transitions; answers how many, and (alert, status) of each."""
        rows = self.cluster.sql(
            "SELECT a.rule_id, a.hostname, t.to_status, coalesce(t.from_status, ''), a.id,"
            " a.alert_type FROM monitoring.alert_transitions t"
            " JOIN monitoring.alerts a ON a.id = t.alert_id ORDER BY t.transition_id")
        written, open_alert, all_of_them = collections.defaultdict(list), {}, []
        for rule, host, to, came_from, alert, kind in rows:
            if kind == "evaluator_late":  # true on a machine that hangs, and no part of the trace
                continue
            all_of_them.append((alert, to))
            key = self.rules[rule], host
            written[key].append(to)
            if to == "active":
                assert came_from == "" and open_alert.get(key) is None, "a second alert is open"
                open_alert[key] = alert
            else:
                assert came_from == "active" and open_alert.pop(key) == alert
        assert written == self.expected
        return all_of_them


def assert_written_by_leaders(cluster):
    """No row was written by one that did not lead, nor under an epoch that was over."""
    writes = cluster.writes()
    assert writes, "nothing was recorded: the test shows nothing"
    assert [w for w in writes if w[1] != w[2]] == []
    epochs = [w[3] for w in writes]
    assert epochs == sorted(epochs)
    return len(writes), len(set(epochs))


def assert_told_once(cluster, hook, transitions, kills):
    """Each transition is delivered, in order; twice only if its sender was killed in between."""
    wait_until(lambda: cluster.sql("SELECT count(*) FROM monitoring.notifications"
                                   " WHERE state = 'pending'") == [["0"]], LONG, "an empty outbox")
    assert cluster.sql("SELECT state, count(*) FROM monitoring.notifications n"
                       " JOIN monitoring.alerts a ON a.id = n.alert_id WHERE channel ="
                       " 'webhook:ops' AND alert_type <> 'evaluator_late' GROUP BY 1") == [
        ["delivered", str(len(transitions))]]
    event_of = {"active": "created", "resolved": "resolved"}
    late = {a[0] for a in cluster.sql("SELECT id FROM monitoring.alerts WHERE alert_type ="
                                      " 'evaluator_late'")}
    once, by_alert, bodies, repeated = set(), collections.defaultdict(list), {}, 0
    for _, headers, body, raw in hook.taken():
        key = headers["Idempotency-Key"]
        if key in bodies:
            assert bodies[key] == raw, "a repeated message is the same message"
            repeated += 1
        bodies[key] = raw
        for alert in body["alerts"]:
            if alert["alertId"] in late:
                continue
            by_alert[alert["alertId"]].append(alert["event"])
            if alert["idempotencyKey"] not in once:
                once.add(alert["idempotencyKey"])
    assert len(once) == len(transitions)
    wanted = collections.defaultdict(list)
    for alert, status in transitions:
        wanted[alert].append(event_of[status])
    for alert, events in by_alert.items():
        assert list(dict.fromkeys(events)) == wanted[alert] and events == sorted(events), events
    assert by_alert.keys() == wanted.keys()
    assert repeated <= kills
    return repeated


def environment(hook):
    return {"CHORUS_LEADER_LEASE": str(LEASE), "ALERT_CHECK_INTERVAL": "1",
            "CHORUS_NOTIFICATION_CHANNELS": json.dumps({"webhook:ops": {"url": hook.url}})}


def test_a_leader_killed_at_random_moments_loses_and_doubles_no_transition():
    wanted, rng, hook = rounds(), random.Random(4), Webhook(failing(0.1, seed=4))
    with Cluster(3, environment(hook)) as cluster:
        trace = Trace(cluster, seed=5)
        for _ in range(wanted):
            killer = threading.Thread(target=cluster.kill_leader, args=[rng])
            killer.start()
            stored = trace.step()
            cluster.wait_for_round(stored)
            killer.join()
        cluster.wait_for_round()
        assert len(cluster.kills) == wanted
        transitions = trace.assert_written()
        writes, epochs = assert_written_by_leaders(cluster)
        repeated = assert_told_once(cluster, hook, transitions, wanted)
        took = cluster.failovers()
        print(f"{wanted} rounds, {epochs} leaders wrote {writes} rows; {len(transitions)}"
              f" transitions, each once; {cluster.interrupted()} open transactions cut off;"
              f" {repeated} messages told twice; kill to the end of the next round p50"
              f" {took[len(took) // 2]:.2f} s, p99 {took[int(len(took) * 0.99)]:.2f} s")
    hook.close()


class StoppedLeader:
    """The leader under SIGSTOP until another leads and three leases are over."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.number, self.epoch = cluster.leader()
        self.member = cluster.members[self.number]
        self.ended = self.refused()
        self.member.process.send_signal(signal.SIGSTOP)
        cluster.stopped.add(self.number)
        self.since = time.time()

    def refused(self):
        """Rounds that it gave up, as its log tells."""
        return sum(1 for line in list(self.member.log) if '"task":"alert_check"' in line
                   and ("Background task ended" in line or "Background task failed" in line))

    def wait_for_another(self):
        def taken_over():
            lease = self.cluster.lease()
            return lease and lease[1] > self.epoch and time.time() > self.since + 3 * LEASE
        wait_until(taken_over, LONG, "another leader")

    def go_on(self):
        self.member.process.send_signal(signal.SIGCONT)
        self.cluster.stopped.discard(self.number)
        wait_until(lambda: self.member.get("/health").status == 200, LONG, "an answer")

    def wait_for_refusal(self):
        wait_until(lambda: self.refused() > self.ended, LONG, "the end of the old leader's round")


def stop_anywhere(cluster, trace, rng):
    time.sleep(rng.uniform(0, 1.2))
    stopped = StoppedLeader(cluster)
    cluster.wait_for_round(trace.step())
    stopped.wait_for_another()
    stopped.go_on()


def stop_before_it_writes(cluster, trace, _):
    """It has begun a round with its epoch, and goes on with it when that epoch is over."""
    while True:
        lock = HeldLock(cluster.members[0],
                        "LOCK TABLE monitoring.alert_rules IN ACCESS EXCLUSIVE MODE")
        stored = trace.step()
        lock.wait_for_waiters()
        if not cluster.sql(HOLDS_LEASE):
            break
        # The lock came in the middle of a round, which holds the lease for as long as it waits.
        lock.release()
        cluster.wait_for_round(stored)
    stopped = StoppedLeader(cluster)
    stopped.wait_for_another()
    lock.release()
    cluster.wait_for_round(stored)
    stopped.go_on()
    stopped.wait_for_refusal()


def stop_while_it_writes(cluster, trace, _):
    """Its transaction holds the lease: nobody takes over until PostgreSQL has ended that."""
    lock = HeldLock(cluster.members[0], "SELECT FROM monitoring.alert_evaluation FOR UPDATE")
    stored = trace.step()
    lock.wait_for_waiters()
    stopped = StoppedLeader(cluster)
    lock.release()
    stopped.wait_for_another()
    cluster.wait_for_round(stored)
    stopped.go_on()
    stopped.wait_for_refusal()


def test_a_stopped_leader_that_goes_on_writes_nothing():
    wanted, rng, hook = max(3, rounds() // 2), random.Random(6), Webhook()
    ways = (stop_anywhere, stop_before_it_writes, stop_while_it_writes)
    with Cluster(3, environment(hook)) as cluster:
        trace = Trace(cluster, seed=7)
        for number in range(wanted):
            ways[number % len(ways)](cluster, trace, rng)
        cluster.wait_for_round()
        transitions = trace.assert_written()
        writes, epochs = assert_written_by_leaders(cluster)
        repeated = assert_told_once(cluster, hook, transitions, wanted)
        print(f"{wanted} rounds, {epochs} leaders wrote {writes} rows, 0 of them under an epoch"
              f" that was over; {len(transitions)} transitions, each once; {repeated} messages"
              " told twice")
    hook.close()
