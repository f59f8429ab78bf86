"""Plans and what they allow, and the shapes in which usage is told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from akako.kernel.core import fields

PlanName = Literal["FREE", "PRO", "ENTERPRISE"]
API_CALLS, FILE_UPLOADS = "api_calls", "file_uploads"


class Plan(msgspec.Struct, frozen=True):
    """What a plan allows in a calendar month; None is unlimited."""

    api_calls: int | None
    file_uploads: int | None


PLANS = {
    "FREE": Plan(api_calls=1_000, file_uploads=10),
    "PRO": Plan(api_calls=10_000, file_uploads=100),
    "ENTERPRISE": Plan(api_calls=None, file_uploads=None),
}


class Usage(msgspec.Struct, frozen=True):
    """Limit and remaining are null on a plan without limit."""

    limit: int | None
    used: int
    remaining: int | None


class Quota(msgspec.Struct, rename="camel", frozen=True):
    """The standing of the caller, or of the caller's organisation, in this month."""

    plan: str
    period: str
    reset_at: datetime
    api_calls: Usage
    file_uploads: Usage


class Organization(msgspec.Struct, rename="camel"):
    id: str
    plan: str
    created_at: datetime
    updated_at: datetime


class OrganizationUpdate(msgspec.Struct, rename="camel"):
    plan: Annotated[PlanName, fields.one_of(PlanName)]
