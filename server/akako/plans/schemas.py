"""Plans and their limits, and the response types of usage."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from akako.kernel.core import fields
from akako.kernel.core.access import PlanName

API_CALLS, FILE_UPLOADS = "api_calls", "file_uploads"


class Plan(msgspec.Struct, frozen=True):
    """The limits of a plan per calendar month; None is unlimited."""

    api_calls: int | None
    file_uploads: int | None


PLANS = {
    "FREE": Plan(api_calls=1_000, file_uploads=10),
    "PRO": Plan(api_calls=10_000, file_uploads=100),
    "ENTERPRISE": Plan(api_calls=None, file_uploads=None),
}


class Usage(msgspec.Struct, frozen=True):
    """Usage of one kind. `limit` and `remaining` are null on an unlimited plan."""

    limit: int | None
    used: int
    remaining: int | None


class Quota(msgspec.Struct, rename="camel", frozen=True):
    """The usage of the caller, or of the caller's organization, in this month."""

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
