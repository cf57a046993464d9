"""Tokens that are not good: what they are answered, and that nobody else pays for them."""

import json
import secrets
import zlib

from batch_maker import BatchMaker
from chorus_harness import Aggregator, wait_until


def enrolled(aggregator, token, hostname):
    return aggregator.request("POST", "/api/v1/agents/enroll", json.dumps({"hostname": hostname}),
                              {"Content-Type": "application/json"}, token).status


def unknown_token():
    """One that looks as if it had been made here."""
    text = "chr_viewer_" + secrets.token_urlsafe(32)
    return f"{text}_{zlib.crc32(text.encode()):08x}"


def test_bad_tokens_without_end_are_limited_and_lock_nobody_out():
    with Aggregator() as running:
        made = {role: running.token(role) for role in ("viewer", "agent", "enrol")}
        seen = [running.get("/api/v1/hosts", token=unknown_token()).status for _ in range(300)]
        assert seen == [401] * 300
        limited = running.get("/api/v1/hosts", token=unknown_token())
        assert limited.status == 429 and limited.json["code"] == "too_many_failures"
        assert 1 <= int(limited.headers["retry-after"]) <= 60
        assert running.get("/api/v1/hosts", token="chr_nonsense").status == 429
        assert enrolled(running, unknown_token(), "late") == 429
        # From the same address, and none of them was used before.
        assert running.get("/api/v1/hosts", token=made["viewer"]).status == 200
        assert running.ingest(BatchMaker("valid-01").make(), made["agent"]).status == 200
        assert enrolled(running, made["enrol"], "valid-02") == 201
        young = running.token("viewer")
        wait_until(lambda: running.get("/api/v1/hosts", token=young).status == 200, 10)
        shown = running.get("/metrics", token=made["viewer"]).body.decode()
        assert 'chorus_aggregator_failed_logins_total{code="401"} 300' in shown
        assert 'chorus_aggregator_failed_logins_total{code="429"} ' in shown
