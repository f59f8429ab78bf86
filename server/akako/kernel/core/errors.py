"""The errors of the API, with status, code and details for the client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from akako.kernel.core.text import clean_line


class ApiError(Exception):
    """An error response. `details` must be safe to show to the caller."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "INTERNAL_ERROR"
    default: ClassVar[str] = "Internal server error"

    def __init__(
        self,
        message: str | None = None,
        *,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.message = message or self.default
        self.details = dict(details or {})
        self.headers = dict(headers or {})
        super().__init__(self.message)


class BadRequest(ApiError):
    """The request is malformed (400)."""

    status, code, default = 400, "BAD_REQUEST", "Bad request"

    def __init__(self, reason: str, message: str | None = None) -> None:
        super().__init__(message, details={"reason": reason})


class Unauthorized(ApiError):
    """The caller is not authenticated (401). Reasons: missing, malformed, invalid, expired."""

    status, code, default = 401, "UNAUTHORIZED", "Authentication required"

    def __init__(self, reason: str, message: str | None = None) -> None:
        headers = {"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"}
        super().__init__(message, details={"reason": reason}, headers=headers)


class Forbidden(ApiError):
    """The caller is not allowed (403). `required` is empty if sign-in alone is sufficient."""

    status, code, default = 403, "FORBIDDEN", "Insufficient permissions"

    def __init__(
        self,
        message: str | None = None,
        *,
        required: Sequence[str] = (),
        user_roles: Sequence[str] = (),
        reason: str | None = None,
    ) -> None:
        details: dict[str, Any] = {"required": list(required), "user_roles": list(user_roles)}
        if reason:
            details["reason"] = reason
        super().__init__(message, details=details)


class PlanRequired(ApiError):
    """The caller has the role, but not a plan that includes the feature (403)."""

    status, code, default = 403, "PLAN_REQUIRED", "Your plan does not include this feature"

    def __init__(self, plan: str, required: Sequence[str]) -> None:
        super().__init__(details={"plan": plan, "required": list(required)})


class NotFound(ApiError):
    """The resource does not exist, or is not visible to the caller (404)."""

    status, code, default = 404, "NOT_FOUND", "Not found"

    def __init__(self, resource: str | None = None, id: str | None = None) -> None:
        label = resource.replace("_", " ").capitalize() if resource else "Resource"
        details = {"resource": resource, "id": id} if resource else {}
        super().__init__(f"{label} not found", details=details)


class MethodNotAllowed(ApiError):
    status, code, default = 405, "METHOD_NOT_ALLOWED", "Method not allowed"

    def __init__(self, allowed: Sequence[str]) -> None:
        methods = sorted(allowed)
        super().__init__(details={"allowed": methods}, headers={"Allow": ", ".join(methods)})


class RequestTimeout(ApiError):
    status, code, default = 408, "REQUEST_TIMEOUT", "The request arrived too slowly"


class Conflict(ApiError):
    """A duplicate (409). `value` is the rejected value of the field."""

    status, code, default = 409, "CONFLICT", "Resource already exists"

    def __init__(
        self, resource: str, field: str, value: object, message: str | None = None
    ) -> None:
        super().__init__(message, details={"resource": resource, "field": field, "value": value})

    def as_sent(self, body: Mapping[str, Any]) -> Conflict:
        """Return the same error with the value as sent, if only normalization changed it."""
        sent = body.get(self.details["field"])
        if isinstance(sent, str) and clean_line(sent) == self.details["value"]:
            self.details["value"] = sent[:MAX_ECHO]
        return self


class InvalidState(ApiError):
    """The state of the resource does not allow the action (409)."""

    status, code, default = 409, "INVALID_STATE", "The resource is not in a state that allows this"

    def __init__(
        self,
        resource: str,
        id: str,
        current: str,
        expected: Sequence[str],
        message: str | None = None,
    ) -> None:
        details = {"resource": resource, "id": id, "current": current, "expected": list(expected)}
        super().__init__(message, details=details)


class LastAdmin(ApiError):
    status, code, default = 409, "LAST_ADMIN", "At least one active administrator must remain"

    def __init__(self) -> None:
        super().__init__(details={"resource": "user_role", "field": "role", "value": "ADMIN"})


class IdempotencyInProgress(ApiError):
    status, code = 409, "IDEMPOTENCY_IN_PROGRESS"
    default = "A request with this idempotency key is still running"

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class PreconditionFailed(ApiError):
    status, code, default = 412, "PRECONDITION_FAILED", "The resource has changed"

    def __init__(self, current_etag: str | None) -> None:
        super().__init__(details={"currentETag": current_etag})


class PayloadTooLarge(ApiError):
    status, code, default = 413, "PAYLOAD_TOO_LARGE", "The request body is too large"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(details={"limitBytes": limit_bytes})


class UriTooLong(ApiError):
    status, code, default = 414, "URI_TOO_LONG", "The request target is too long"


class UnsupportedMediaType(ApiError):
    status, code, default = 415, "UNSUPPORTED_MEDIA_TYPE", "Unsupported media type"

    def __init__(
        self,
        received: str | None,
        allowed: Sequence[str],
        message: str | None = None,
        *,
        reason: str | None = None,
        extensions: Sequence[str] = (),
    ) -> None:
        """Pass `reason` and `extensions`, each with its dot, for rejected files only."""
        details: dict[str, Any] = {"received": received, "allowed": list(allowed)}
        if reason:
            details |= {"reason": reason, "allowedExtensions": list(extensions)}
        super().__init__(message, details=details)


class RangeNotSatisfiable(ApiError):
    status, code, default = 416, "RANGE_NOT_SATISFIABLE", "The range lies outside the file"

    def __init__(self, size: int) -> None:
        super().__init__(details={"size": size}, headers={"Content-Range": f"bytes */{size}"})


MAX_VALIDATION_ERRORS = 50
MAX_ECHO = 256
SECRET_WORDS = ("token", "secret", "authorization", "password")


def violation(field: str, message: str, value: object = None) -> dict[str, Any]:
    """Return a violation. Long values are cut, secrets are omitted."""
    if any(word in field.lower() for word in SECRET_WORDS):
        value = None
    if isinstance(value, str):
        value = value[:MAX_ECHO]
    elif isinstance(value, (dict, list)) and len(str(value)) > MAX_ECHO:
        value = str(value)[:MAX_ECHO]
    return {"field": field, "message": message, "value": value}


class ValidationFailed(ApiError):
    """A field or parameter breaks a rule (422)."""

    status, code, default = 422, "VALIDATION_ERROR", "Validation failed"

    def __init__(self, violations: Sequence[Mapping[str, Any]]) -> None:
        self.violations = [dict(each) for each in violations]
        details = dict(violations[0])
        if len(violations) > 1:
            details["errors"] = self.violations[:MAX_VALIDATION_ERRORS]
        super().__init__(details=details)

    @classmethod
    def of(cls, field: str, message: str, value: object = None) -> ValidationFailed:
        return cls([violation(field, message, value)])


class IdempotencyKeyReused(ApiError):
    status, code = 422, "IDEMPOTENCY_KEY_REUSED"
    default = "This idempotency key was used for a different request"


class RateLimited(ApiError):
    """Too many requests in the window (429). `reset_at` is in epoch seconds."""

    status, code, default = 429, "RATE_LIMITED", "Too many requests"

    def __init__(self, scope: str, limit: int, reset_at: int, retry_after: int) -> None:
        details = {
            "scope": scope,
            "limit": limit,
            "remaining": 0,
            "resetAt": reset_at,
            "retryAfter": retry_after,
        }
        super().__init__(details=details, headers={"Retry-After": str(retry_after)})


class QuotaExceeded(ApiError):
    """The monthly quota is used up (429). `reset_at` is in epoch seconds."""

    status, code, default = 429, "QUOTA_EXCEEDED", "Monthly quota exceeded"

    def __init__(
        self, quota: str, plan: str, limit: int, used: int, reset_at: int, retry_after: int
    ) -> None:
        details = {"quota": quota, "plan": plan, "limit": limit, "used": used, "resetAt": reset_at}
        super().__init__(details=details, headers={"Retry-After": str(retry_after)})


class HeadersTooLarge(ApiError):
    status, code, default = 431, "HEADERS_TOO_LARGE", "The request headers are too large"


class InternalError(ApiError):
    def __init__(self, request_id: str) -> None:
        super().__init__(details={"requestId": request_id})


class UpstreamError(ApiError):
    status, code, default = 502, "UPSTREAM_ERROR", "The identity provider sent an invalid response"

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "5"})


class ServiceUnavailable(ApiError):
    status, code, default = 503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable"

    def __init__(self, message: str | None = None, *, retry_after: int = 1) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})


class StorageFull(ApiError):
    """The disk would fall below the space that is reserved for others (507)."""

    status, code, default = 507, "STORAGE_FULL", "The server has no room for this file"
