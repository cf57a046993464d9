"""Tokens over the API and the command line: enrolment, rotation, revocation, audit."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from batch_maker import BatchMaker
from chorus_harness import wait_until
from tokens import create, enrol_token, enroll


def stored(aggregator, token_id):
    return aggregator.sql("SELECT uses_left, revoked_at IS NOT NULL, expires_at > now()"
                          f" FROM monitoring.tokens WHERE token_id = {token_id}")[0]


def test_a_new_token_is_shown_once_and_works(aggregator, admin):
    made = create(aggregator, admin, name="wall", role="viewer")
    assert made.status == 201
    assert made.headers["location"] == f"/api/v1/tokens/{made.json['id']}"
    secret = made.json["token"]
    assert aggregator.get("/api/v1/hosts", token=secret).status == 200
    listed = aggregator.get("/api/v1/tokens", token=admin)
    row = next(t for t in listed.json if t["id"] == made.json["id"])
    assert row["name"] == "wall" and row["role"] == "viewer" and row["expires_at"] is None
    assert secret.encode() not in listed.body and "token" not in row


@pytest.mark.parametrize("role", ["agent", "viewer", "operator"])
def test_only_admins_see_or_make_tokens(aggregator, role):
    token = aggregator.token(role)
    assert aggregator.get("/api/v1/tokens", token=token).status == 403
    assert create(aggregator, token, name="x", role="viewer").status == 403
    assert aggregator.request("DELETE", "/api/v1/tokens/1", token=token).status == 403


@pytest.mark.parametrize("body, field", [
    ({"role": "viewer"}, "name"), ({"name": "x"}, "role"), ({"name": "", "role": "viewer"}, "name"),
    ({"name": "x" * 256, "role": "viewer"}, "name"), ({"name": "x", "role": "king"}, "role"),
    ({"name": "x", "role": "none"}, "role"), ({"name": "x", "role": "viewer", "uses": 2}, "uses"),
    ({"name": "x", "role": "agent", "valid_hours": 2}, "valid_hours"),
    ({"name": "x", "role": "enrol", "uses": 0}, "uses"),
    ({"name": "x", "role": "enrol", "uses": 10001}, "uses"),
    ({"name": "x", "role": "enrol", "valid_hours": 25}, "valid_hours"),
    ({"name": "x", "role": "enrol", "uses": "2"}, "uses")])
def test_wrong_fields_are_named_and_make_nothing(aggregator, admin, body, field):
    before = aggregator.sql("SELECT count(*) FROM monitoring.tokens")
    answer = create(aggregator, admin, **body)
    assert answer.status == 422
    assert ["body", field] in [fault["loc"] for fault in answer.json["detail"]]
    assert aggregator.sql("SELECT count(*) FROM monitoring.tokens") == before


def test_a_revoked_token_is_refused_within_a_second(aggregator, admin):
    made = create(aggregator, admin, name="lost", role="viewer").json
    assert aggregator.get("/api/v1/hosts", token=made["token"]).status == 200
    path = f"/api/v1/tokens/{made['id']}"
    assert aggregator.request("DELETE", path, token=admin).json == {"message": "Token revoked"}
    wait_until(lambda: aggregator.get("/api/v1/hosts", token=made["token"]).status == 401, 5)
    again = aggregator.request("DELETE", path, token=admin)
    assert again.status == 404 and again.json["code"] == "token_not_found"
    assert aggregator.request("DELETE", "/api/v1/tokens/x", token=admin).status == 422


def test_an_enrolled_host_sends_with_its_own_token(aggregator, admin):
    token = enrol_token(aggregator, admin)
    assert token["uses_left"] == 1 and token["expires_at"]
    maker = BatchMaker("enrolled-01")
    answer = enroll(aggregator, token["token"], hostname="enrolled-01")
    assert answer.status == 201 and answer.json["hostname"] == "enrolled-01"
    assert answer.json["token"].startswith("chr_agent_")
    assert aggregator.ingest(maker.make(), answer.json["token"]).status == 200
    used = enroll(aggregator, token["token"], hostname="enrolled-02")
    assert used.status == 401 and used.json["code"] == "enrolment_invalid"
    assert "token create --role enrol" in used.json["detail"]


def test_a_token_enrolled_for_an_agent_is_good_for_no_other(aggregator, admin):
    token = enrol_token(aggregator, admin)["token"]
    mine, other = BatchMaker("bound-01"), BatchMaker("bound-02")
    answer = enroll(aggregator, token, hostname="bound-01", agent_id=mine.agent_id)
    assert answer.status == 201
    assert aggregator.ingest(other.make(), answer.json["token"]).status == 403
    assert aggregator.ingest(mine.make(), answer.json["token"]).status == 200


def test_an_enrolment_token_is_good_for_nothing_else(aggregator, admin):
    token = enrol_token(aggregator, admin)["token"]
    for path in ("/api/v1/hosts", "/api/v1/tokens", "/metrics"):
        assert aggregator.get(path, token=token).status in (401, 403), path
    assert aggregator.ingest(BatchMaker("x-01").make(), token).status in (401, 403)


def test_other_tokens_and_none_enrol_nobody(aggregator, admin):
    for token in (admin, aggregator.token("agent"), None, "chr_enrol_typo"):
        answer = enroll(aggregator, token, hostname="nobody")
        assert answer.status == 401, (token, answer.body)
    assert aggregator.sql("SELECT count(*) FROM monitoring.tokens WHERE name = 'nobody'") == [["0"]]


@pytest.mark.parametrize("body", [{}, {"hostname": ""}, {"hostname": "a/b"}, {"hostname": 4},
                                  {"hostname": "a" * 256}, {"hostname": "a", "agent_id": "x"}])
def test_a_wrong_request_costs_no_use(aggregator, admin, body):
    token = enrol_token(aggregator, admin)
    assert enroll(aggregator, token["token"], **body).status == 422
    assert stored(aggregator, token["id"])[0] == "1"


def test_a_name_that_another_agent_reports_for_is_taken(aggregator, admin):
    maker = BatchMaker("taken-01")
    assert aggregator.ingest(maker.make(), aggregator.token(name="taken-01")).status == 200
    token = enrol_token(aggregator, admin)
    refused = enroll(aggregator, token["token"], hostname="taken-01")
    assert refused.status == 409 and refused.json["code"] == "host_exists"
    assert stored(aggregator, token["id"])[0] == "1"
    # The same agent gets a new token, as after the loss of its old one.
    revoke_tokens_of(aggregator, maker)
    again = enroll(aggregator, token["token"], hostname="taken-01",
                   agent_id=maker.agent_id)
    assert again.status == 201


def tokens_of(aggregator, maker):
    rows = aggregator.sql("SELECT token_id FROM monitoring.tokens"
                          f" WHERE agent_id = '{maker.agent_id}' ORDER BY token_id")
    return [row[0] for row in rows]


def revoke_tokens_of(aggregator, maker):
    for token_id in tokens_of(aggregator, maker):
        assert aggregator.command("token", "revoke", token_id).returncode == 0


def test_an_agent_with_a_valid_token_is_enrolled_only_after_that_was_revoked(aggregator, admin):
    token, maker = enrol_token(aggregator, admin), BatchMaker("once-01")
    mine = create(aggregator, admin, name="once-01", role="agent").json
    assert aggregator.ingest(maker.make(), mine["token"]).status == 200
    refused = enroll(aggregator, token["token"], hostname="elsewhere", agent_id=maker.agent_id)
    assert refused.status == 409 and refused.json["code"] == "agent_enrolled"
    assert f"token revoke {mine['id']}`" in refused.json["detail"]
    assert stored(aggregator, token["id"])[0] == "1"
    assert tokens_of(aggregator, maker) == [str(mine["id"])]
    # Also while the old token of a rotation is still good.
    assert aggregator.command("token", "rotate", str(mine["id"])).returncode == 0
    revoke = f"/api/v1/tokens/{tokens_of(aggregator, maker)[1]}"
    assert aggregator.request("DELETE", revoke, token=admin).status == 200
    assert enroll(aggregator, token["token"], hostname="once-01",
                  agent_id=maker.agent_id).status == 409
    aggregator.sql("UPDATE monitoring.tokens SET expires_at = now() - interval '1 second'"
                   f" WHERE token_id = {mine['id']}")
    again = enroll(aggregator, token["token"], hostname="once-01", agent_id=maker.agent_id)
    assert again.status == 201
    assert aggregator.ingest(maker.make(), again.json["token"]).status == 200


def test_a_token_of_nobody_binds_no_agent_that_has_a_valid_one(aggregator, admin):
    maker = BatchMaker("mine-01")
    assert aggregator.ingest(maker.make(), aggregator.token(name="mine-01")).status == 200
    stolen = enroll(aggregator, enrol_token(aggregator, admin)["token"], hostname="mine-02")
    assert stolen.status == 201
    refused = aggregator.ingest(maker.make(), stolen.json["token"])
    assert refused.status == 403 and refused.json["code"] == "agent_mismatch"
    assert "revoke" in refused.json["detail"]
    stream = aggregator.get("/api/v1/agents/stream", token=stolen.json["token"],
                            headers={"X-Chorus-Agent": maker.agent_id})
    assert stream.status == 403 and stream.json["code"] == "agent_mismatch"
    assert len(tokens_of(aggregator, maker)) == 1
    # Who may make tokens may also give an agent a second one.
    assert aggregator.ingest(maker.make(), aggregator.token(name="mine-01")).status == 200
    assert len(tokens_of(aggregator, maker)) == 2
    revoke_tokens_of(aggregator, maker)
    assert aggregator.ingest(maker.make(), stolen.json["token"]).status == 200


def test_one_of_many_enrolments_of_an_agent_wins(aggregator, admin):
    tokens = [enrol_token(aggregator, admin)["token"] for _ in range(8)]
    maker = BatchMaker("race-01")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda token: enroll(aggregator, token, hostname="race-01",
                                                     agent_id=maker.agent_id).status, tokens))
    assert sorted(answers) == [201] + [409] * 7


def test_the_last_use_is_for_one_of_many(aggregator, admin):
    token = enrol_token(aggregator, admin, uses=3)["token"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: enroll(aggregator, token, hostname=f"many-{n}").status,
                                range(8)))
    assert sorted(answers) == [201] * 3 + [401] * 5


def test_an_expired_or_revoked_enrolment_token_is_refused(aggregator, admin):
    expired, revoked = enrol_token(aggregator, admin), enrol_token(aggregator, admin)
    aggregator.sql("UPDATE monitoring.tokens SET expires_at = now() - interval '1 second'"
                   f" WHERE token_id = {expired['id']}")
    aggregator.request("DELETE", f"/api/v1/tokens/{revoked['id']}", token=admin)
    for token in (expired, revoked):
        assert enroll(aggregator, token["token"], hostname="late").status == 401


def test_rotation_leaves_both_tokens_good_for_the_overlap(aggregator, admin):
    old = create(aggregator, admin, name="collector", role="agent").json
    maker = BatchMaker("rotated-01")
    assert aggregator.ingest(maker.make(), old["token"]).status == 200
    done = aggregator.command("token", "rotate", str(old["id"]), "--overlap-hours", "2")
    assert done.returncode == 0, done.stderr
    new = done.stdout.strip()
    assert new.startswith("chr_agent_")
    for token in (old["token"], new):
        assert aggregator.ingest(maker.make(), token).status == 200
    # Bound to the same agent from the start.
    assert aggregator.ingest(BatchMaker("rotated-02").make(), new).status == 403
    aggregator.sql("UPDATE monitoring.tokens SET expires_at = now() - interval '1 second'"
                   f" WHERE token_id = {old['id']}")
    wait_until(lambda: aggregator.ingest(maker.make(), old["token"]).status == 401, 5)
    assert aggregator.ingest(maker.make(), new).status == 200
    listed = aggregator.command("token", "list").stdout
    assert "collector  (expired " in listed


def test_rotating_what_cannot_be_rotated_changes_nothing(aggregator, admin):
    enrolment = enrol_token(aggregator, admin)
    before = aggregator.sql("SELECT count(*) FROM monitoring.tokens")
    for arguments in ([str(enrolment["id"])], ["999999"], ["x"], [],
                      ["1", "--overlap-hours", "0"], ["1", "--name", "y"]):
        done = aggregator.command("token", "rotate", *arguments)
        assert done.returncode == 64 and done.stderr and not done.stdout, arguments
    assert aggregator.sql("SELECT count(*) FROM monitoring.tokens") == before


def test_the_command_line_makes_enrolment_tokens(aggregator):
    done = aggregator.command("token", "create", "--role", "enrol", "--name", "shelf",
                              "--uses", "2", "--valid-hours", "1")
    assert done.returncode == 0, done.stderr
    token = done.stdout.strip()
    assert enroll(aggregator, token, hostname="shelf-01").status == 201
    assert "shelf  (until " in aggregator.command("token", "list").stdout
    for arguments in (["--role", "enrol", "--name", "x", "--uses", "0"],
                      ["--role", "enrol", "--name", "x", "--valid-hours", "25"],
                      ["--role", "viewer", "--name", "x", "--uses", "2"],
                      ["--role", "viewer", "--name", "x", "--overlap-hours", "2"]):
        assert aggregator.command("token", "create", *arguments).returncode == 64


def test_each_change_of_tokens_is_on_record(aggregator, admin):
    made = create(aggregator, admin, name="audited", role="viewer").json
    aggregator.request("DELETE", f"/api/v1/tokens/{made['id']}", token=admin)
    rows = aggregator.sql("SELECT action, actor, client_ip, detail::text FROM monitoring.audit"
                          f" WHERE object_type = 'token' AND object_id = '{made['id']}'"
                          " ORDER BY audit_id")
    assert [row[:2] for row in rows] == [["token.create", "the admin"], ["token.revoke", "the admin"]]
    assert all(row[2].startswith("127.0.0.1") for row in rows)
    assert [json.loads(row[3]) for row in rows] == [{"name": "audited", "role": "viewer"}] * 2
    token = enrol_token(aggregator, admin)["token"]
    enrolled = enroll(aggregator, token, hostname="audited-01").json
    assert aggregator.sql("SELECT actor FROM monitoring.audit WHERE action = 'agent.enroll'"
                          f" AND object_id = '{enrolled['token_id']}'") == [["rack 4"]]
    for secret in (made["token"], token, enrolled["token"]):
        assert secret not in str(aggregator.sql("SELECT * FROM monitoring.audit"))
        assert secret not in "\n".join(aggregator.log)


@pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
def test_who_asks_is_told_name_and_role(aggregator, role):
    me = aggregator.get("/api/v1/me", token=aggregator.token(role, name="wall")).json
    assert (me["name"], me["role"]) == ("wall", role) and me["token_id"] > 0


def test_who_asks_without_a_token_is_told_what_strangers_may(aggregator):
    assert aggregator.get("/api/v1/me").json == {
        "name": "anonymous", "role": "viewer", "token_id": None}
