"""What can go wrong, one class per HTTP status."""

from __future__ import annotations

from typing import Any

NO_ANSWER = "NO_ANSWER"
INTERRUPTED = "INTERRUPTED"
UNREADABLE = "UNREADABLE_ANSWER"
REDIRECTED = "REDIRECTED"


class AkakoError(Exception):
    """The API said no, or could not be understood or reached.

    `status` is the HTTP status (0 without an answer), `code` a word such as `NOT_FOUND`, `details`
    what the server adds to it, `request_id` names the request in the server's log. `retry_after`
    is how many seconds the server asks to wait, if it does.
    """

    retry_after: float | None = None

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: dict[str, Any] | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(status, code, message, details, request_id)
        self.status = status
        self.code = code
        self.message = message
        self.details = details or {}
        self.request_id = request_id

    def __str__(self) -> str:
        named = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.status} {self.code}: {self.message}{named}"


class ConnectionFailedError(AkakoError):
    """Status 0: no answer came (`NO_ANSWER`), or a file broke off on its way (`INTERRUPTED`)."""


class BadRequestError(AkakoError):
    """400"""


class UnauthorizedError(AkakoError):
    """401: the token is missing, invalid or expired; `details["reason"]` says which."""


class ForbiddenError(AkakoError):
    """403: `details` holds the roles `required` and `user_roles`.

    With the code `PLAN_REQUIRED` it holds the caller's `plan` and the plans `required`.
    """


class NotFoundError(AkakoError):
    """404"""


class MethodNotAllowedError(AkakoError):
    """405"""


class RequestTimeoutError(AkakoError):
    """408"""


class ConflictError(AkakoError):
    """409: a duplicate, or a state that does not allow it."""


class PreconditionFailedError(AkakoError):
    """412: the object has been changed since; `details` holds the `currentETag`."""


class PayloadTooLargeError(AkakoError):
    """413: `details` holds `limitBytes`."""


class UriTooLongError(AkakoError):
    """414"""


class UnsupportedMediaTypeError(AkakoError):
    """415: for a rejected file, `details` holds `reason` and `allowedExtensions`."""


class RangeNotSatisfiableError(AkakoError):
    """416"""


class ValidationError(AkakoError):
    """422: `details` holds `field`, `message` and `value`, and `errors` where there are more."""


class LockedError(AkakoError):
    """423: another request is writing this upload."""


class RateLimitError(AkakoError):
    """429: too many calls in this minute (`RATE_LIMITED`) or month (`QUOTA_EXCEEDED`)."""


class HeadersTooLargeError(AkakoError):
    """431"""


class ChecksumMismatchError(AkakoError):
    """460: the bytes differ from their checksum."""


class InternalServerError(AkakoError):
    """500"""


class BadGatewayError(AkakoError):
    """502"""


class ServiceUnavailableError(AkakoError):
    """503"""


class GatewayTimeoutError(AkakoError):
    """504"""


class InsufficientStorageError(AkakoError):
    """507: the server has no room for this file."""


BY_STATUS: dict[int, type[AkakoError]] = {
    0: ConnectionFailedError,
    400: BadRequestError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    405: MethodNotAllowedError,
    408: RequestTimeoutError,
    409: ConflictError,
    412: PreconditionFailedError,
    413: PayloadTooLargeError,
    414: UriTooLongError,
    415: UnsupportedMediaTypeError,
    416: RangeNotSatisfiableError,
    422: ValidationError,
    423: LockedError,
    429: RateLimitError,
    431: HeadersTooLargeError,
    460: ChecksumMismatchError,
    500: InternalServerError,
    502: BadGatewayError,
    503: ServiceUnavailableError,
    504: GatewayTimeoutError,
    507: InsufficientStorageError,
}


def failure(
    status: int,
    code: str,
    message: str,
    details: dict[str, Any] | None = None,
    request_id: str | None = None,
) -> AkakoError:
    """The error of this status, in the class made for it."""
    return BY_STATUS.get(status, AkakoError)(status, code, message, details, request_id)
