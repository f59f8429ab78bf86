"""Report crashes to Sentry: the stack and the request id, without personal data."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from akako import __version__

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

FLUSH_SECONDS = 2
# Fields that Sentry's client collects by default: arguments, packages, machine, bodies, users.
REMOVED_FIELDS = ("extra", "modules", "request", "user", "breadcrumbs", "server_name", "contexts")

Report = Callable[[BaseException, dict[str, str]], None]


def open_reports(dsn: str) -> Report:
    """Return a function that reports an exception in the background.

    Raises:
        ValueError: if the extra `sentry` is not installed, or the DSN is malformed.
    """
    try:
        import sentry_sdk
        from sentry_sdk.integrations.atexit import AtexitIntegration
    except ImportError:
        raise ValueError("needs akako-server[sentry]") from None
    sentry_sdk.init(
        dsn,
        release=f"akako@{__version__}",
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[AtexitIntegration(callback=lambda pending, timeout: None)],
        shutdown_timeout=FLUSH_SECONDS,
        send_default_pii=False,
        include_local_variables=False,
        max_breadcrumbs=0,
        auto_session_tracking=False,
        send_client_reports=False,
        before_send=_redact,
    )

    def report(error: BaseException, facts: dict[str, str]) -> None:
        with sentry_sdk.new_scope() as scope:
            for name, value in facts.items():
                scope.set_tag(name, value)
            sentry_sdk.capture_exception(error)

    return report


def _redact(event: Event, hint: Hint) -> Event:
    """Remove the message of each exception, which may quote a row or an input."""
    for name in REMOVED_FIELDS:
        event.pop(name, None)  # type: ignore[misc]
    for error in event.get("exception", {}).get("values", []):
        error["value"] = ""
        error.pop("mechanism", None)
    return event
