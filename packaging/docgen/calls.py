#!/usr/bin/python3
"""Writes the page of all calls of the API, in Markdown, out of aggregator/api/openapi.json.

    packaging/docgen/calls.py > packaging/docs/calls.md
"""

import json
import pathlib
import re

FILE = pathlib.Path(__file__).resolve().parents[2] / "aggregator/api/openapi.json"
METHODS = ("get", "post", "put", "patch", "delete")
HEAD = """# All calls

This page is made by `packaging/docgen/calls.py` from `aggregator/api/openapi.json`. Do not edit it.

The role is the least one that a token needs for the call; [the API guide](api.md) tells of tokens. Parameters are those behind `?`.
`/docs` of a running aggregator shows what they mean, and the members of bodies and answers.
"""


def parameters(document, operation):
    for parameter in operation.get("parameters", []):
        if "$ref" in parameter:
            parameter = document["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
        if parameter["in"] == "query":
            yield f"`{parameter['name']}`"


def rows(document, tag):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS and tag in operation["tags"]:
                role = re.search(r"Role: (\w+)\.", operation.get("description", ""))
                yield (f"| `{method.upper()} {path}` | {role[1] if role else ''} "
                       f"| {', '.join(parameters(document, operation))} | {operation['summary']} |")


def page(document):
    text = HEAD
    for tag in document["tags"]:
        text += f"\n## {tag['name']}\n\n{tag['description']}\n\n| call | role | parameters | what it does |\n|---|---|---|---|\n"
        text += "".join(f"{row}\n" for row in rows(document, tag["name"]))
    return text


if __name__ == "__main__":
    print(page(json.loads(FILE.read_text(encoding="utf-8"))), end="")
