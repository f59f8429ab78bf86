"""Write the tables of docs/permissions.md from openapi.json.

    python contract/permissions.py [FILE]

FILE: the output, by default the page itself. The text before the first table stays.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "permissions.md"
HEAD = ["| method | path | who | bucket |", "|---|---|---|---|"]


def who(operation: dict[str, Any]) -> str:
    roles = ", ".join(f"`{role}`" for role in operation["x-roles"])
    if roles:
        plans = ", ".join(operation.get("x-plans", ()))
        return f"{roles}; plan {plans}" if plans else roles
    if any(each.get("name") == "link" for each in operation.get("parameters", ())):
        return "everyone with the link"
    if not operation["security"]:
        return "everyone"
    optional = {} in operation["security"]
    return "everyone, with or without a token" if optional else "everyone signed in"


def rows(document: dict[str, Any], area: str) -> Iterator[str]:
    for path, item in document["paths"].items():
        for method in ("get", "post", "put", "patch", "delete"):
            operation = item.get(method)
            if operation and area in operation["tags"]:
                bucket = operation.get("x-rate-limit-bucket", "")
                yield f"| {method.upper()} | `{path}` | {who(operation)} | {bucket} |"


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    document = json.loads((HERE / "openapi.json").read_text(encoding="utf-8"))
    text = PAGE.read_text(encoding="utf-8").partition("\n## ")[0]
    for tag in document["tags"]:
        lines = [f"## {tag['name']}", "", *HEAD, *rows(document, tag["name"])]
        text += "\n" + "\n".join(lines) + "\n"
    target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
