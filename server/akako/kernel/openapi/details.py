"""The types of the `details` of each error, with an example."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from akako.kernel.core import errors
from akako.kernel.core.access import PlanName, Role
from akako.kernel.core.ids import EXAMPLE


class BadRequestDetails(msgspec.Struct):
    """`reason` is a stable word, such as `invalid_json` or `invalid_idempotency_key`."""

    reason: str


class UnauthorizedDetails(msgspec.Struct):
    reason: Literal["missing", "malformed", "invalid", "expired"]


class ForbiddenDetails(msgspec.Struct):
    """One of the roles in `required` is sufficient; it is empty if there is another `reason`."""

    required: list[Role]
    user_roles: list[Role]
    reason: str | msgspec.UnsetType = msgspec.UNSET


class PlanRequiredDetails(msgspec.Struct):
    """The caller's plan, and the plans that include the operation."""

    plan: PlanName
    required: list[PlanName]


class NotFoundDetails(msgspec.Struct):
    """Empty if the path is unknown."""

    resource: str | msgspec.UnsetType = msgspec.UNSET
    id: str | msgspec.UnsetType = msgspec.UNSET


class MethodNotAllowedDetails(msgspec.Struct):
    allowed: list[str]


class ConflictDetails(msgspec.Struct):
    """`value` is the rejected value, or the existing one that prevents the change."""

    resource: str
    field: str
    value: Any


class InvalidStateDetails(msgspec.Struct):
    resource: str
    id: str
    current: str
    expected: list[str]


class PreconditionFailedDetails(msgspec.Struct, rename={"current_etag": "currentETag"}):
    """The current entity tag; null if the object does not exist."""

    current_etag: str | None


class PayloadTooLargeDetails(msgspec.Struct, rename="camel"):
    limit_bytes: int


class UnsupportedMediaTypeDetails(msgspec.Struct, rename="camel"):
    """Rejected files also have `reason` and `allowedExtensions`, each with its dot."""

    received: str | None
    allowed: list[str]
    reason: Literal["extension", "declared_type", "content"] | msgspec.UnsetType = msgspec.UNSET
    allowed_extensions: list[str] | msgspec.UnsetType = msgspec.UNSET


class RangeNotSatisfiableDetails(msgspec.Struct):
    """The size of the file in bytes."""

    size: int


class Violation(msgspec.Struct):
    """One violation. Long values are cut; `value` is null if there is none to show."""

    field: str
    message: str
    value: Any


class ValidationDetails(Violation):
    """The first violation; with more than one, `errors` lists all of them, at most 50."""

    errors: list[Violation] | msgspec.UnsetType = msgspec.UNSET


class RateLimitedDetails(msgspec.Struct, rename="camel"):
    """`resetAt` is in epoch seconds, `retryAfter` in seconds."""

    scope: Literal["ip", "user"]
    limit: int
    remaining: int
    reset_at: int
    retry_after: int


class QuotaExceededDetails(msgspec.Struct, rename="camel"):
    """`resetAt` is in epoch seconds."""

    quota: Literal["api_calls", "file_uploads"]
    plan: str
    limit: int
    used: int
    reset_at: int


class InternalDetails(msgspec.Struct, rename="camel"):
    request_id: str


RESET = 1640995200

# By status; each as the server would answer it, with the shape of its details.
SAMPLES: tuple[tuple[errors.ApiError, type[msgspec.Struct] | None], ...] = (
    (errors.BadRequest("invalid_json", "The body is not valid JSON"), BadRequestDetails),
    (errors.Unauthorized("missing"), UnauthorizedDetails),
    (errors.Forbidden(required=["ADMIN"], user_roles=["LEARNER"]), ForbiddenDetails),
    (errors.PlanRequired("FREE", ["PRO", "ENTERPRISE"]), PlanRequiredDetails),
    (errors.NotFound("education_level", EXAMPLE), NotFoundDetails),
    (errors.MethodNotAllowed(["GET", "HEAD", "OPTIONS"]), MethodNotAllowedDetails),
    (errors.RequestTimeout(), None),
    (errors.Conflict("education_level", "name", "Primary School"), ConflictDetails),
    (errors.InvalidState("enrollment", EXAMPLE, "REJECTED", ["PENDING"]), InvalidStateDetails),
    (errors.LastAdmin(), ConflictDetails),
    (errors.IdempotencyInProgress(), None),
    (errors.PreconditionFailed('"6f1ed002ab5595859014ebf0951522d9"'), PreconditionFailedDetails),
    (errors.PayloadTooLarge(65536), PayloadTooLargeDetails),
    (errors.UriTooLong(), None),
    (errors.UnsupportedMediaType("text/plain", ["application/json"]), UnsupportedMediaTypeDetails),
    (errors.RangeNotSatisfiable(1048576), RangeNotSatisfiableDetails),
    (
        errors.ValidationFailed.of("email", "Invalid email format", "invalid-email"),
        ValidationDetails,
    ),
    (errors.IdempotencyKeyReused(), None),
    (errors.RateLimited("ip", 100, RESET, 42), RateLimitedDetails),
    (errors.QuotaExceeded("api_calls", "FREE", 1000, 1000, RESET, 42), QuotaExceededDetails),
    (errors.HeadersTooLarge(), None),
    (errors.InternalError("4f8c2a9be01d7c36"), InternalDetails),
    (errors.UpstreamError(), None),
    (errors.ServiceUnavailable(), None),
    (errors.StorageFull(), None),
)
