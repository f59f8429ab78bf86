"""Both SDKs offer the same: every operation, area, method and kind of error."""

from __future__ import annotations

import inspect
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import akako_lms
import pytest
from akako_lms import AkakoAPI, AkakoError
from akako_lms._area import Area, iteration, operation
from akako_lms.errors import BY_STATUS

from akako import rooms
from akako.kernel.core.errors import ApiError
from tests.sdk.packages import run

pytestmark = pytest.mark.timeout(300)
LISTER = Path(__file__).with_name("surface.mjs")
# Where Python writes a download to; in TypeScript it is an answer's stream.
PYTHON_ONLY = {"target"}


def camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def parameters(call: Callable[..., Any]) -> Iterator[str]:
    """What a method can be given, with the keywords of its TypedDict."""
    for name, parameter in list(inspect.signature(call).parameters.items())[1:]:
        unpacked = re.fullmatch(r"Unpack\[(\w+)\]", str(parameter.annotation))
        if unpacked:
            yield from getattr(inspect.getmodule(call), unpacked[1]).__annotations__
        else:
            yield name


def python_areas() -> dict[str, dict[str, set[str]]]:
    """The areas, their methods, and what each can be given; in TypeScript's spelling."""
    areas: dict[str, dict[str, set[str]]] = {}
    with AkakoAPI("http://127.0.0.1:1/api") as api:
        for area, kind in ((name, type(each)) for name, each in vars(api).items()):
            if issubclass(kind, Area):
                areas[area] = {}
            for name, method in vars(kind).items() if issubclass(kind, Area) else ():
                if isinstance(method, operation | iteration):
                    call = method.call if isinstance(method, operation) else method.first_page
                    areas[area][camel(name)] = set(map(camel, parameters(call))) - PYTHON_ONLY
    return areas


@pytest.fixture(scope="module")
def surface(typescript: Path) -> dict[str, Any]:
    """`areas`, as those of Python, after the types of the package; and the names it exports."""
    consumer = typescript / "consumer"
    shutil.copy(LISTER, consumer)
    compiler = typescript / "package" / "node_modules" / "typescript"
    found: dict[str, Any] = json.loads(run(consumer, "node", LISTER.name, compiler))
    return found


def test_every_python_method_is_a_typescript_method(surface: dict[str, Any]) -> None:
    typescript, python = surface["areas"], python_areas()
    assert {area: set(methods) for area, methods in typescript.items()} == {
        area: set(methods) for area, methods in python.items()
    }
    assert surface["methods"] == {area: sorted(methods) for area, methods in python.items()}
    assert sum(map(len, python.values())) > 50


# `from` is a word of Python.
RENAMED = {"first": "from", "last": "to"}


def test_every_python_parameter_is_a_typescript_parameter(surface: dict[str, Any]) -> None:
    missing = {
        f"{area}.{method}": sorted(lacking)
        for area, methods in python_areas().items()
        for method, names in methods.items()
        if (
            lacking := {RENAMED.get(name, name) for name in names}
            - set(surface["areas"][area][method])
        )
    }
    assert missing == {}


def test_both_have_the_same_errors(surface: dict[str, Any]) -> None:
    errors = {name for name in akako_lms.__all__ if name.endswith("Error")}
    assert {name for name in surface["exports"] if name.endswith("Error")} == errors
    assert {"verifyWebhook", "AkakoAPI", "Page", "Download"} <= set(surface["exports"])


def kinds(above: type[ApiError] = ApiError) -> Iterator[type[ApiError]]:
    for each in above.__subclasses__():
        yield each
        yield from kinds(each)


def test_every_status_of_the_server_has_its_class() -> None:
    assert rooms.endpoints()
    statuses = {each.status for each in kinds()} | {500}
    assert statuses <= BY_STATUS.keys()
    assert all(issubclass(BY_STATUS[status], AkakoError) for status in statuses)
    assert len(set(BY_STATUS.values())) == len(BY_STATUS)
