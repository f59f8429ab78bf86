"""`make licences`: the licence of every package that the server needs, as its authors state it."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

RUN = Path(__file__).with_name("run.txt")
CLASSIFIER = "License :: OSI Approved :: "
# What a school may run and change without giving anything away. LGPL: used as a library, unchanged.
ALLOWED = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|LGPL|PostgreSQL|Unlicense|0BSD",
    re.IGNORECASE,
)


def packages() -> list[str]:
    return re.findall(r"^([A-Za-z0-9][\w.-]*)==", RUN.read_text(encoding="utf-8"), re.MULTILINE)


def licence(package: str) -> str:
    """The SPDX expression if there is one, else the classifiers, else the first line given."""
    about = metadata.metadata(package)
    if expression := about.get("License-Expression"):
        return str(expression)
    classifiers = about.get_all("Classifier") or []
    found = [each.removeprefix(CLASSIFIER) for each in classifiers if each.startswith(CLASSIFIER)]
    text = str(about.get("License") or "").strip()
    return ", ".join(found) or (text.splitlines()[0] if text else "unknown")


def main() -> int:
    found = {}
    for package in packages():
        try:
            found[f"{package} {metadata.version(package)}"] = licence(package)
        except metadata.PackageNotFoundError:
            continue  # for another system
    for package, text in found.items():
        sys.stdout.write(f"{package:32}{text}\n")
    others = [package for package, text in found.items() if not ALLOWED.search(text)]
    if others:
        sys.stdout.write(f"To be looked at: {', '.join(others)}\n")
    return int(bool(others))


if __name__ == "__main__":
    sys.exit(main())
