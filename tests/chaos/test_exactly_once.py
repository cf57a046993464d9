"""The aggregator is killed again and again while numbered batches come in: each is stored once."""

import http.client
import random
import threading
import time

from batch_maker import BatchMaker
from chorus_harness import Aggregator, PrivateServers, wait_until

AGENTS = 10
BATCHES = 500
KILLS = 20


class Sender(threading.Thread):
    """Sends its batches in order, each again until it is told that it is stored."""

    def __init__(self, aggregator, number, token, give_up):
        super().__init__(daemon=True)
        self.aggregator, self.token, self.give_up = aggregator, token, give_up
        self.maker = BatchMaker(f"chaos-{number}")
        self.acknowledged = 0
        self.strange = []

    def run(self):
        for number in range(1, BATCHES + 1):
            batch = self.maker.make(metrics={"chaos_number": (number, "count")}, processes=[],
                                    seconds_ago=(BATCHES - number) * 30)
            while not self.stored(batch):
                if time.monotonic() > self.give_up:
                    self.strange.append(f"batch {number} was never taken")
                    return
            self.acknowledged = number

    def stored(self, batch):
        try:
            answer = self.aggregator.ingest(batch, self.token, timeout=10)
        except (OSError, http.client.HTTPException):
            return False  # killed in between: whether it was stored is unknown
        if answer.status not in (200, 503):
            self.strange.append((answer.status, answer.body))
        return answer.status == 200


def run_under(disturb, aggregator, kills):
    """Sends everything from all agents while `disturb` is called at random moments of the run."""
    rng = random.Random(20)
    give_up = time.monotonic() + 300
    senders = [Sender(aggregator, i, aggregator.token(name=f"agent {i}"), give_up)
               for i in range(AGENTS)]
    for sender in senders:
        sender.start()
    total = AGENTS * BATCHES
    # Moments of progress, not of time: the run is as hard on a slow machine.
    for threshold in sorted(rng.sample(range(total // 50, total - total // 50), kills)):
        wait_until(lambda t=threshold: sum(s.acknowledged for s in senders) >= t
                   or not any(s.is_alive() for s in senders), 300, f"{threshold} batches")
        time.sleep(rng.random() * 0.02)  # not always just after an answer
        disturb()
    for sender in senders:
        sender.join(300)
    assert not [s.strange for s in senders if s.strange]
    assert [s.acknowledged for s in senders] == [BATCHES] * AGENTS


def assert_each_stored_once(aggregator):
    rows = aggregator.sql(
        "SELECT hostname, count(*), count(DISTINCT metric_value), min(metric_value),"
        " max(metric_value) FROM monitoring.system_metrics WHERE metric_type = 'chaos_number'"
        " GROUP BY hostname ORDER BY hostname")
    assert rows == [[f"chaos-{i}", str(BATCHES), str(BATCHES), "1", str(BATCHES)]
                    for i in range(AGENTS)]
    assert aggregator.sql("SELECT count(*) FROM monitoring.system_batches") == [
        [str(AGENTS * BATCHES)]]
    # Each agent's counter has no gap and no end but the last.
    assert aggregator.sql("SELECT DISTINCT received FROM monitoring.ingest_streams") == [
        [f"{{[1,{BATCHES + 1})}}"]]


def test_killed_aggregator_loses_and_doubles_nothing(fresh):
    def kill():
        fresh.kill()
        fresh.start(wait_ready=False)

    run_under(kill, fresh, KILLS)
    assert_each_stored_once(fresh)


def test_crashed_postgres_loses_and_doubles_nothing():
    servers = PrivateServers()
    aggregator = Aggregator(database_url=servers.database_url, redis_url=servers.redis_url)
    try:
        aggregator.start()

        def crash():
            servers.call("stop_postgres", "immediate")
            servers.call("start_postgres")

        run_under(crash, aggregator, 5)
        assert_each_stored_once(aggregator)
    finally:
        aggregator.close()
        servers.close()
