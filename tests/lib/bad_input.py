"""Makes malformed parameters and bodies out of the description of the API (openapi.json).

Each case is one value changed in something valid, with the name that a 422 must tell.
"""

import copy
import json
import pathlib

DOCUMENT = json.loads((pathlib.Path(__file__).parents[2] / "aggregator/api/openapi.json").read_text())
METHODS = ("get", "post", "put", "patch", "delete")
LONG_TEXT = 100_000  # no body is longer: a limit above it is tested by the limit of bodies


def resolve(schema):
    """The schema that a reference names."""
    while "$ref" in schema:
        target = DOCUMENT
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        schema = target
    return schema


def operations():
    """(method, path, operation) of all there are."""
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield method.upper(), path, operation


def query_parameters(operation):
    return [p for p in map(resolve, operation.get("parameters", [])) if p["in"] == "query"]


def types_of(schema):
    kind = schema.get("type", [])
    return [kind] if isinstance(kind, str) else kind


def bad_texts(schema):
    """Texts that a query parameter of this schema cannot have."""
    schema = resolve(schema)
    if "array" in types_of(schema):
        yield from bad_texts(schema["items"])
        if "maxItems" in schema and "enum" not in resolve(schema["items"]):
            yield ["a=b"] * (schema["maxItems"] + 1)
        return
    if "enum" in schema:
        yield "nonesuch"
    elif types_of(schema) == ["integer"]:
        yield from ("x", "1.5", "", "99999999999999999999")
        yield from (str(schema[k] + step) for k, step in (("minimum", -1), ("maximum", 1))
                    if k in schema)
    elif types_of(schema) == ["boolean"]:
        yield from ("maybe", "")
    elif schema.get("format") == "date-time":
        yield from ("yesterday", "2026-13-01T00:00:00Z", "")
    elif schema.get("format") == "uuid":
        yield "nobody"
    if "pattern" in schema:
        yield "nonesuch"
    if "maxLength" in schema:
        yield "x" * (schema["maxLength"] + 1)


def bad_values(schema):
    """JSON values that a member of this schema cannot have."""
    schema = resolve(schema)
    if "oneOf" in schema:
        schema = resolve(schema["oneOf"][0])
    types = types_of(schema)
    if "enum" in schema:
        yield from ("nonesuch", 7, ["nonesuch"])
        return
    if "object" in types:
        yield from ("text", 7, [])
        if "maxProperties" in schema:
            yield {f"k{i}": "x" for i in range(schema["maxProperties"] + 1)}
        return
    if "array" in types:
        yield from ("nonesuch", {})
        if "maxItems" in schema:
            yield ["nonesuch"] * (schema["maxItems"] + 1)
        if schema.get("minItems"):
            yield []
        return
    if "boolean" in types:
        yield from ("maybe", [])
    elif "integer" in types or "number" in types:
        yield from ("many", [], {})
        if "integer" in types:
            yield 1.5
    elif "string" in types:
        yield from (7, [], {})
    if "null" not in types:
        yield None
    yield from (schema[k] + step for k, step in (("minimum", -1), ("maximum", 1)) if k in schema)
    if "maxLength" in schema and schema["maxLength"] < LONG_TEXT:
        yield "x" * (schema["maxLength"] + 1)
    if schema.get("minLength"):
        yield ""
    if "format" in schema or "pattern" in schema:
        yield "nonesuch"


def misspelt(name, known):
    """The name without a letter in its middle, or with one more, which nothing else has."""
    middle = len(name) // 2
    wrong = name[:middle] + name[middle + 1:] if len(name) > 4 else name + name[-1]
    return wrong if wrong not in known else name + "x"


def bad_members(schema, valid, at=()):
    """(path, value) of each member below `valid` to be set to something it cannot be, nested too."""
    schema = resolve(schema)
    if "oneOf" in schema:
        schema = resolve(schema["oneOf"][0])
    if isinstance(valid, list):
        for index, inner in enumerate(valid):
            for value in bad_values(schema["items"]):
                yield (*at, index), value
            yield from bad_members(schema["items"], inner, (*at, index))
        return
    if not isinstance(valid, dict):
        return
    known = schema.get("properties", {})
    for name, member in known.items():
        for value in bad_values(member):
            yield (*at, name), value
        if name in valid:
            yield from bad_members(member, valid[name], (*at, name))
    if schema.get("additionalProperties") is False:
        for name in (*(misspelt(name, known) for name in known), "nonesuch", "x" * 300):
            yield (*at, name), 1
    elif isinstance(schema.get("additionalProperties"), dict):
        for value in bad_values(schema["additionalProperties"]):
            yield (*at, "k"), value


def changed(valid, path, value):
    """A copy of `valid` with the member at `path` set."""
    body = copy.deepcopy(valid)
    target = body
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    return body
