"""Answers of the API against its description, aggregator/api/openapi.json."""

import dataclasses
import datetime
import functools
import gzip
import json
import pathlib
import re
import urllib.parse

import jsonschema

FILE = pathlib.Path(__file__).parents[2] / "aggregator" / "api" / "openapi.json"
METHODS = {"get", "post", "put", "patch", "delete"}
MOST_ROWS = 40  # of a long list its first and last are looked at
FORMATS = jsonschema.FormatChecker()


@FORMATS.checks("date-time", raises=ValueError)
def is_time(text):
    if not isinstance(text, str):
        return True
    if not re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$", text):
        raise ValueError(text)
    return bool(datetime.datetime.fromisoformat(text[:19]))


def closed(value):
    """A copy in which objects have no other members than those that are described."""
    if isinstance(value, list):
        return [closed(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    made = {name: closed(inner) for name, inner in value.items()}
    if "properties" in value and "type" in value and "object" in value["type"]:
        made.setdefault("additionalProperties", False)
    return made


@dataclasses.dataclass
class Plain:
    """An answer that was unpacked."""

    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@functools.cache
def document():
    return closed(json.loads(FILE.read_text(encoding="utf-8")))


def operations(described):
    """(method, path, operation) of each."""
    for path, item in described["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield method, path, operation


def resolve(described, value):
    while "$ref" in value:
        target = described
        for step in value["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        value = target
    return value


def fits(described, schema, value):
    """Raises ValidationError unless the value has all that is described, and nothing else."""
    jsonschema.Draft202012Validator(
        schema, resolver=jsonschema.RefResolver("", described),
        format_checker=FORMATS).validate(shortened(value))


def shortened(value):
    if isinstance(value, dict):
        return {name: shortened(inner) for name, inner in value.items()}
    if isinstance(value, list):
        half = MOST_ROWS // 2
        rows = value if len(value) <= MOST_ROWS else [*value[:half], *value[-half:]]
        return [shortened(inner) for inner in rows]
    return value


@functools.cache
def _templates():
    made = []
    for method, path, operation in operations(document()):
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))
        made.append((path.count("{"), method, re.compile(pattern), operation))
    return sorted(made, key=lambda entry: entry[0])  # a literal segment wins over a parameter


def operation_of(method, target):
    """The operation that a request means, or None."""
    path = urllib.parse.urlsplit(target).path
    method = "get" if method.lower() == "head" else method.lower()
    return next((operation for _, known, pattern, operation in _templates()
                 if known == method and pattern.fullmatch(path)), None)


def check_answer(described, operation, answer):
    """The answer's status, type and content are among those the operation tells of."""
    name = operation["operationId"]
    assert str(answer.status) in operation["responses"], \
        f"{name} answered {answer.status}: {answer.body[:300]}"
    told = resolve(described, operation["responses"][str(answer.status)])
    content = told.get("content")
    if content is None or not answer.body:
        return
    given = answer.headers["content-type"]
    assert given in content, f"{name}: {given}"
    if "json" in given:
        fits(described, content[given]["schema"], answer.json)


# What may be answered before it is known which operation is meant, with a problem document.
UNREAD = {400, 405, 406, 408, 411, 413, 414, 415, 417, 421, 431, 501, 505}


def check(method, target, answer):
    """Checks any answer; what no operation is meant by is not looked at."""
    operation = operation_of(method, target)
    if operation is None:
        return
    if answer.headers.get("content-encoding") == "gzip":
        answer = Plain(answer.status, answer.headers, gzip.decompress(answer.body))
    if answer.status in UNREAD and str(answer.status) not in operation["responses"]:
        fits(document(), {"$ref": "#/components/schemas/Problem"}, json.loads(answer.body))
    else:
        check_answer(document(), operation, answer)

