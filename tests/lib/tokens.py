"""Tokens over the API: how to make one, and how to enrol an agent with it."""

import json

JSON = {"Content-Type": "application/json"}


def create(aggregator, admin, **body):
    return aggregator.request("POST", "/api/v1/tokens", json.dumps(body), JSON, admin)


def enrol_token(aggregator, admin, **more):
    answer = create(aggregator, admin, name="rack 4", role="enrol", **more)
    assert answer.status == 201, answer.body
    return answer.json


def enroll(aggregator, token, **body):
    return aggregator.request("POST", "/api/v1/agents/enroll", json.dumps(body), JSON, token)
