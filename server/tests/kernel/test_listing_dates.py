"""The range of dates that a list is asked for."""

from __future__ import annotations

import pytest

from akako.kernel.core.errors import ValidationFailed
from akako.kernel.db import listing
from akako.kernel.db.listing import Sort, Spec

SPEC = Spec(sorts={"createdAt": Sort("at")}, default="createdAt", dates={"created": "at"})
NOON = "2024-01-01T12:00:00Z"


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2024-01-02", "2024-01-01"),
        ("2024-02-01", "2024-01-01"),
        ("2024-01-02T00:00:00Z", "2024-01-01"),
        ("2024-01-02", NOON),
        ("2024-01-01T12:00:00.000001Z", NOON),
    ],
)
def test_the_end_must_not_be_before_the_start(start: str, end: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        listing.read(SPEC, {"createdFrom": start, "createdTo": end})
    assert refused.value.details == {
        "field": "createdFrom",
        "message": "Must not be after createdTo",
        "value": start,
    }


@pytest.mark.parametrize(
    ("start", "end"), [("2024-01-01", "2024-01-01"), (NOON, "2024-01-01"), (NOON, NOON)]
)
def test_a_range_may_be_one_day_or_nothing(start: str, end: str) -> None:
    asked = listing.read(SPEC, {"createdFrom": start, "createdTo": end})
    assert all(asked.dates["created"])
