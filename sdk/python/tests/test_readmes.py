"""The pages of both SDKs name every area and every method."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from akako_lms import AkakoAPI
from akako_lms._area import Area
from akako_lms._wire import camel

PYTHON = Path(__file__).parents[1] / "README.md"
TYPESCRIPT = Path(__file__).parents[2] / "typescript" / "README.md"
SHORTENED = re.compile(r"(create|update|delete)_(level|grade|subject|topic)")


@pytest.mark.parametrize("page", [PYTHON, TYPESCRIPT], ids=["Python", "TypeScript"])
def test_the_table_names_every_method(page: Path) -> None:
    table = dict(re.findall(r"^\| `api\.(\w+)` \| (.*) \|$", page.read_text(), re.MULTILINE))
    with AkakoAPI("https://akako.example.com/api") as api:
        areas = {name: type(each) for name, each in vars(api).items() if isinstance(each, Area)}
    assert table.keys() == areas.keys()
    for area, kind in areas.items():
        for method in vars(kind):
            if method.startswith(("_", "iter_")) or SHORTENED.fullmatch(method):
                continue
            name = method if page is PYTHON else camel(method)
            assert f"`{name}`" in table[area]
