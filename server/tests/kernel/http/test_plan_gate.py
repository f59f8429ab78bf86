"""An endpoint can require a plan, which is checked after the role."""

from __future__ import annotations

import pytest

from akako.kernel.core.access import ADMIN, ENTERPRISE, PRO, SIGNED_IN, requires
from akako.kernel.core.envelope import Ok
from akako.kernel.core.errors import Forbidden, PlanRequired
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import get
from akako.kernel.openapi import failures


async def handler(call: Context) -> Ok[None]:
    """Answer nothing."""
    return Ok(data=None)


def test_the_declared_plans_belong_to_the_access() -> None:
    endpoint = get("/figures", access=requires(ADMIN), plan=(PRO, ENTERPRISE))(handler)
    assert endpoint.access.plans == ("PRO", "ENTERPRISE")
    endpoint.access.check_plan("PRO")
    with pytest.raises(PlanRequired) as refused:
        endpoint.access.check_plan("FREE")
    assert (refused.value.status, refused.value.code) == (403, "PLAN_REQUIRED")
    assert refused.value.details == {"plan": "FREE", "required": ["PRO", "ENTERPRISE"]}
    with pytest.raises(Forbidden):
        endpoint.access.check(["LEARNER"])


def test_only_endpoints_with_a_plan_document_the_error() -> None:
    with_plan = get("/figures", access=requires(ADMIN), plan=(ENTERPRISE,))(handler)
    without = get("/figures", access=SIGNED_IN, errors=(403,))(handler)
    without.access.check_plan("FREE")
    assert PlanRequired in failures.possible(with_plan)
    assert PlanRequired not in failures.possible(without)
