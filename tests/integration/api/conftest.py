"""What tests of the API share. Every answer that they get is held against the description of the API."""

import pytest

import described
from chorus_harness import Aggregator, wait_until
from posted_alerts import ALERT, post
from rule_rounds import NEVER, evaluated_at

Aggregator.look_at = staticmethod(described.check)


@pytest.fixture
def quiet():
    """Judges rules only when asked to."""
    with Aggregator(environment=NEVER) as running:
        # The first round comes with leadership; what follows is asked for.
        wait_until(lambda: evaluated_at(running), what="first round")
        yield running


@pytest.fixture
def alert(aggregator):
    """Posted without a token: the aggregator of the test has to allow that."""
    answer = post(aggregator, ALERT)
    assert answer.status == 201, answer.body
    return answer.json


@pytest.fixture(scope="module")
def admin(aggregator):
    return aggregator.token("admin", "the admin")
