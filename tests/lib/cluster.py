"""Several aggregators on one database, and a record of which of them wrote what while who led."""

import http.client
import os
import time

from chorus_harness import Aggregator, PrivateServers, wait_until

# Notes who changes a row of the alerts, and who leads at that moment. Each aggregator says who it
# is by a setting of its sessions.
RECORD = """
CREATE SCHEMA test;
CREATE TABLE test.writes (at timestamptz, relation text, instance text, epoch bigint, holder text);
CREATE FUNCTION test.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO test.writes
    SELECT clock_timestamp(), TG_TABLE_NAME, current_setting('test.instance', true), epoch, holder
    FROM monitoring.leader;
    RETURN NULL;
END $$;
"""
RECORDED = ("alerts", "alert_transitions", "alert_rule_states", "alert_evaluation")
LONG = 120  # seconds


class Cluster:
    """Numbered aggregators; one of them leads."""

    def __init__(self, count, environment):
        self.servers = PrivateServers()
        self.members = [
            Aggregator(environment, redis_url=self.servers.redis_url,
                       database_url=self.servers.database_url
                       + f"&options=-c%20test.instance%3D{number}")
            for number in range(count)]
        self.number_of = {}   # by process id
        self.kills = []       # moments
        self.stopped = set()  # numbers of those under SIGSTOP

    def __enter__(self):
        for number in range(len(self.members)):
            self.start(number)
        self.sql(RECORD)
        for table in RECORDED:
            self.sql(f"CREATE TRIGGER test_note AFTER INSERT OR UPDATE OR DELETE ON"
                     f" monitoring.{table} FOR EACH ROW EXECUTE FUNCTION test.note()")
        return self

    def __exit__(self, *_):
        try:
            for member in self.members:
                member.close()
        finally:
            self.servers.close()

    def start(self, number):
        self.members[number].start(wait_ready=not self.number_of)
        self.number_of[self.members[number].process.pid] = number

    def sql(self, statement):
        return self.members[0].sql(statement)

    def lease(self):
        """Number of the leader and its epoch, or None."""
        rows = self.sql("SELECT split_part(holder, '/', 2), epoch FROM monitoring.leader"
                        " WHERE expires_at > clock_timestamp()")
        return (self.number_of[int(rows[0][0])], int(rows[0][1])) if rows else None

    def leader(self):
        return wait_until(self.lease, LONG, "a leader")

    def evaluated_at(self):
        return float(self.sql("SELECT coalesce(extract(epoch FROM evaluated_at), 0)"
                              " FROM monitoring.alert_evaluation")[0][0])

    def wait_for_round(self, moment=None):
        """Until a round has ended that saw what was stored up to now, or up to the moment."""
        moment = moment or time.time()
        wait_until(lambda: self.evaluated_at() > moment, LONG, "a round")

    def kill_leader(self, rng):
        """Kills it at a random moment, half the time where a round is likely to be under way, and
        starts it anew."""
        number, _ = self.leader()
        delay = rng.uniform(0, 1.5)
        if rng.random() < 0.5:
            delay = (self.evaluated_at() + rng.uniform(-0.05, 0.1) - time.time()) % 1
        time.sleep(delay)
        self.members[number].kill()
        self.kills.append(time.time())
        self.start(number)

    def store(self, batch, token):
        """Sends a batch to one after another until it is stored."""
        def stored():
            for number in set(range(len(self.members))) - self.stopped:
                try:
                    answer = self.members[number].ingest(batch, token, timeout=10)
                except (OSError, http.client.HTTPException):
                    continue  # killed just now
                assert answer.status in (200, 503), answer.body
                if answer.status == 200:
                    return True
            return False
        wait_until(stored, LONG, "the batch")

    def writes(self):
        """(relation, number of the writer, number of the leader then, epoch, moment)."""
        rows = self.sql("SELECT relation, instance, split_part(holder, '/', 2), epoch,"
                        " extract(epoch FROM at) FROM test.writes ORDER BY at")
        return [(row[0], int(row[1]), self.number_of[int(row[2])], int(row[3]), float(row[4]))
                for row in rows]

    def failovers(self):
        """Seconds from each kill to the end of the next round."""
        rounds = [w[4] for w in self.writes() if w[0] == "alert_evaluation"]
        return sorted(min(at for at in rounds if at > kill) - kill for kill in self.kills)

    def interrupted(self):
        """How many transactions lost their client in the middle, as PostgreSQL tells."""
        with open(self.servers.path + "/pg.log", encoding="utf-8") as log:
            return log.read().count("unexpected EOF on client connection with an open transaction")


def rounds(default=50):
    """How often the chaos tests make their fault: CHORUS_CHAOS_ROUNDS."""
    return int(os.environ.get("CHORUS_CHAOS_ROUNDS", default))
