"""Weeks of many hosts out of the recording of one, and what the aggregator's database makes of them."""

import datetime
import json
import lzma
import os
import pathlib
import subprocess
import tempfile
import time

from chorus_harness import BIN

RECORDING = pathlib.Path(__file__).parent / "data" / "recording.csv.xz"
INTERVAL = 30
DAY = 86_400
LABELS = {"cpu": "core", "disk": "device", "network": "interface", "filesystem": "mountpoint"}


class Scale:
    """How many hosts over which days. All of the days are over."""

    def __init__(self, hosts, days):
        self.hosts, self.days = hosts, days
        # seal_days packs a day an hour after its end.
        self.end = (int(time.time()) - 2 * 3600) // DAY * DAY
        self.start = self.end - days * DAY
        with lzma.open(RECORDING, "rt") as recording:
            self.columns = list(zip(*(recording.readline().strip("\n").split(",")
                                      for _ in range(3))))
        # What the summary tells of.
        self.unlabelled = len({metric for metric, label, _ in self.columns if not label})
        self.batches = hosts * days * DAY // INTERVAL
        self.samples = self.batches * len(self.columns)


def generator(form, hosts, start, end):
    """The program that writes the rows to its standard output."""
    with tempfile.TemporaryFile() as recording:
        recording.write(lzma.decompress(RECORDING.read_bytes()))
        recording.seek(0)
        return subprocess.Popen(
            [os.path.join(BIN, "depth_rows"), form, str(hosts), str(start), str(end)],
            stdin=recording, stdout=subprocess.PIPE)


def add_hosts(aggregator, scale):
    entries = ",".join(
        f"(1,{n},'{metric}','{label}','{unit}','{json.dumps(tags_of(metric, label))}')"
        for n, (metric, label, unit) in enumerate(scale.columns, 1))
    first, last = (datetime.datetime.fromtimestamp(t, datetime.timezone.utc).date()
                   for t in (scale.start, time.time()))
    aggregator.sql(f"""
        INSERT INTO monitoring.hosts (hostname, first_seen)
            SELECT 'h' || i, to_timestamp({scale.start}) FROM generate_series(1, {scale.hosts}) i;
        INSERT INTO monitoring.layouts (digest) VALUES (sha256('depth'));
        INSERT INTO monitoring.layout_entries (layout_id, position, metric_type, label, unit, tags)
            VALUES {entries};
        SELECT monitoring.ensure_partitions('{first}', '{last}')""")
    ids = aggregator.sql("SELECT string_agg(host_id::text, ',' ORDER BY host_id),"
                         " (SELECT max(layout_id) FROM monitoring.layouts) FROM monitoring.hosts")[0]
    assert ids == [",".join(map(str, range(1, scale.hosts + 1))), "1"], ids


def tags_of(metric, label):
    return {LABELS[metric.partition("_")[0]]: label} if label else {}


def load(aggregator, scale, start, end):
    made = generator("copy", scale.hosts, start, end)
    subprocess.run(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", aggregator.database_url, "-c",
         "COPY monitoring.system_batches (ts, received_at, payload_hash, host_id, layout_id,"
         ' "values") FROM STDIN (FORMAT binary)'], stdin=made.stdout, check=True)
    made.stdout.close()
    assert made.wait() == 0
    settle(aggregator)


def settle(aggregator):
    """What autovacuum and the checkpointer do in time."""
    aggregator.sql("VACUUM ANALYZE")
    aggregator.sql("CHECKPOINT")


def stored_bytes(aggregator):
    """Of all tables, with their indexes, TOAST and maps."""
    return int(aggregator.sql(
        "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c"
        " WHERE c.relnamespace = 'monitoring'::regnamespace AND c.relkind = 'r'")[0][0])


def seal(aggregator):
    """Packs all days. The aggregator must not run, as it leads."""
    done = subprocess.run([os.path.join(BIN, "seal_days"), aggregator.database_url],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
