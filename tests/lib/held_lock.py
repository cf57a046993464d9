"""A lock in an aggregator's database that others wait for, until it is released."""

import subprocess
import urllib.parse

from chorus_harness import wait_until


class HeldLock:
    """Runs the statement in a transaction that stays open."""

    def __init__(self, aggregator, statement):
        self.aggregator = aggregator
        url = urllib.parse.urlsplit(aggregator.database_url)
        self.session = subprocess.Popen(
            ["psql", "-X", "-q", "-A", "-t", "-h", urllib.parse.parse_qs(url.query)["host"][0],
             "-U", "chorus", "-d", url.path.strip("/")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.session.stdin.write(f"BEGIN;\n{statement};\n\\echo held\n")
        self.session.stdin.flush()
        while self.session.stdout.readline() != "held\n":
            assert self.session.poll() is None, statement

    def wait_for_waiters(self):
        wait_until(lambda: self.aggregator.sql(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database()"), 120, "somebody who waits for the lock")

    def release(self):
        self.session.communicate("COMMIT;\n", timeout=20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.release()
