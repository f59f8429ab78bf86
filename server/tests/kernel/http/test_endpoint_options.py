"""A misspelled option of an endpoint is an error for the type checker and at import.

Each `type: ignore` below is itself checked: mypy reports one that is not needed.
"""

from __future__ import annotations

import pytest

from akako.kernel.core.access import UNGUARDED
from akako.kernel.core.envelope import Ok
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import Endpoint, Options, delete, get, patch, post, put


async def handler(call: Context) -> Ok[None]:
    """Answer nothing."""
    return Ok(data=None)


def test_an_unknown_option_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="GET /levels: unknown option acces, bukcet"):
        get("/levels", acces=UNGUARDED, bukcet=None)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="PATCH /levels: unknown option replay"):
        patch("/levels", access=UNGUARDED, replay=True)  # type: ignore[call-arg]


def test_access_must_be_declared() -> None:
    for declare in (get, post, put, delete, patch):
        with pytest.raises(TypeError, match="missing option access"):
            declare("/levels", metered=False)  # type: ignore[call-arg]


def test_an_option_of_a_wrong_type_is_seen_by_the_type_checker() -> None:
    declare = get("/levels", access=UNGUARDED, hidden="yes")  # type: ignore[arg-type]
    assert callable(declare)  # mypy reports the ignore as unused if it accepts the option


def test_every_option_reaches_the_endpoint() -> None:
    declared = get("/levels", access=UNGUARDED, hidden=True, errors=(409,))(handler)
    assert (declared.path, declared.hidden, declared.errors) == ("/api/levels", True, (409,))
    assert set(Options.__annotations__) - {"absolute", "plan"} <= set(Endpoint.__struct_fields__)
