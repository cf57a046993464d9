"""Links that sign a browser in once, and the sessions that they begin."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tokens import create, enroll


def sign_in_link(aggregator, *arguments):
    done = aggregator.command("sign-in-link", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def secret_of(link):
    return link.partition("#sign-in=")[2]


def begin_session(aggregator, token):
    return aggregator.request("POST", "/api/v1/sessions", token=token)


def test_a_sign_in_link_makes_one_admin_of_one_browser(aggregator):
    link = sign_in_link(aggregator, "--name", "me")
    assert re.fullmatch(r"http://\S+/ui/#sign-in=chr_signin_\S+", link)
    begun = begin_session(aggregator, secret_of(link))
    assert begun.status == 201 and begun.headers["cache-control"] == "no-store"
    session = begun.json
    assert (session["role"], session["name"]) == ("admin", "me") and session["expires_at"]
    assert aggregator.get("/api/v1/tokens", token=session["token"]).status == 200
    again = begin_session(aggregator, secret_of(link))
    assert again.status == 401 and again.json["code"] == "link_invalid"
    assert "chorus-aggregator sign-in-link" in again.json["detail"]
    assert "session.begin" in str(aggregator.sql("SELECT action FROM monitoring.audit"))


def test_a_session_ends_and_is_not_rotated_into_a_token_that_does_not(aggregator):
    session = begin_session(aggregator, secret_of(sign_in_link(aggregator))).json
    before = aggregator.sql("SELECT count(*), max(expires_at) FROM monitoring.tokens")
    done = aggregator.command("token", "rotate", str(session["id"]))
    assert done.returncode == 64 and not done.stdout
    assert "session" in done.stderr and "chorus-aggregator sign-in-link" in done.stderr
    assert aggregator.sql("SELECT count(*), max(expires_at) FROM monitoring.tokens") == before
    assert aggregator.get("/api/v1/tokens", token=session["token"]).status == 200
    # A token that was replaced ends as well, and may be replaced again.
    old = aggregator.command("token", "create", "--role", "admin", "--name", "twice")
    assert old.returncode == 0
    number = aggregator.sql("SELECT max(token_id) FROM monitoring.tokens")[0][0]
    for _ in range(2):
        assert aggregator.command("token", "rotate", number).returncode == 0


def test_a_sign_in_link_stands_in_no_log_and_no_table(aggregator):
    token = secret_of(sign_in_link(aggregator))
    session = begin_session(aggregator, token).json["token"]
    begin_session(aggregator, token)
    kept = "\n".join(aggregator.log) + str(aggregator.sql("SELECT * FROM monitoring.tokens")) + \
        str(aggregator.sql("SELECT * FROM monitoring.audit"))
    assert token not in kept and session not in kept


def test_of_two_that_use_a_link_at_once_one_is_let_in(aggregator):
    for _ in range(5):
        token = secret_of(sign_in_link(aggregator))
        with ThreadPoolExecutor(8) as many:
            answers = list(many.map(lambda _: begin_session(aggregator, token).status, range(8)))
        assert sorted(answers) == [201] + [401] * 7, answers


def test_a_link_is_good_for_signing_in_alone_and_ends(aggregator, admin):
    token = secret_of(sign_in_link(aggregator, "--name", "a", "--valid-minutes", "1"))
    assert aggregator.get("/api/v1/tokens", token=token).status == 403
    assert enroll(aggregator, token, hostname="linked").status == 401
    other = secret_of(sign_in_link(aggregator, "--name", "b"))
    newer = secret_of(sign_in_link(aggregator, "--name", "a"))
    assert begin_session(aggregator, token).status == 401, "the newer one of that name ends it"
    assert begin_session(aggregator, other).status == 201
    aggregator.sql("UPDATE monitoring.tokens SET expires_at = now() WHERE role = 'signin'")
    assert begin_session(aggregator, newer).status == 401
    for wrong in (None, "", "chr_signin_x", admin):
        assert begin_session(aggregator, wrong).status == 401
    assert create(aggregator, admin, name="x", role="signin").status == 422


@pytest.mark.parametrize("arguments", [["--valid-minutes", "0"], ["--valid-minutes", "1441"],
                                       ["--role", "admin"], ["--name", ""], ["now"]])
def test_wrong_sign_in_links_are_refused(aggregator, arguments):
    done = aggregator.command("sign-in-link", *arguments)
    assert done.returncode == 64 and done.stderr and not done.stdout
