"""Both SDKs offer the same: every operation, area, method and kind of error."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import akako_lms
import pytest
from akako_lms import AkakoAPI, AkakoError
from akako_lms._area import Area, iteration, operation
from akako_lms.errors import BY_STATUS

from akako import main
from akako.kernel.errors import ApiError
from tests.sdk.packages import run

pytestmark = pytest.mark.timeout(300)
LISTED = """
import * as sdk from '@akako/lms-sdk';
const api = new sdk.AkakoAPI({ baseURL: 'https://akako.example.com/api' });
const methods = (area) => Object.getOwnPropertyNames(Object.getPrototypeOf(area));
const areas = Object.entries(api).map(([name, area]) => [
  name, methods(area).filter((each) => each !== 'constructor'),
]);
console.log(JSON.stringify({ areas: Object.fromEntries(areas), exports: Object.keys(sdk) }));
"""


def camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def python_areas() -> Iterator[tuple[str, set[str]]]:
    with AkakoAPI("http://127.0.0.1:1/api") as api:
        for name, area in vars(api).items():
            if isinstance(area, Area):
                offered = vars(type(area)).items()
                kinds = (operation, iteration)
                yield name, {camel(each) for each, kind in offered if isinstance(kind, kinds)}


@pytest.fixture(scope="module")
def listed(typescript: Path) -> dict[str, dict[str, list[str]]]:
    """The areas with their methods, and the names that the package exports."""
    program = typescript / "consumer" / "listed.mjs"
    program.write_text(LISTED)
    found: dict[str, dict[str, list[str]]] = json.loads(run(program.parent, "node", program.name))
    return found


def test_every_python_method_is_a_typescript_method(
    listed: dict[str, dict[str, list[str]]],
) -> None:
    areas = {name: set(methods) for name, methods in listed["areas"].items()}
    assert areas == dict(python_areas())
    assert sum(map(len, areas.values())) > 50


def test_both_have_the_same_errors(listed: dict[str, dict[str, list[str]]]) -> None:
    errors = {name for name in akako_lms.__all__ if name.endswith("Error")}
    assert {name for name in listed["exports"] if name.endswith("Error")} == errors
    assert {"verifyWebhook", "AkakoAPI", "Page", "Download"} <= set(listed["exports"])


def kinds(above: type[ApiError] = ApiError) -> Iterator[type[ApiError]]:
    for each in above.__subclasses__():
        yield each
        yield from kinds(each)


def test_every_status_of_the_server_has_its_class() -> None:
    assert main.endpoints()
    statuses = {each.status for each in kinds()} | {500}
    assert statuses <= BY_STATUS.keys()
    assert all(issubclass(BY_STATUS[status], AkakoError) for status in statuses)
    assert len(set(BY_STATUS.values())) == len(BY_STATUS)
