"""Crashes told to Sentry: where in the code, in which request, and nothing that people wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from akako import __version__

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

FLUSH_SECONDS = 2
# All else that Sentry's client collects by itself: arguments, packages, machine, bodies, users.
LEFT_OUT = ("extra", "modules", "request", "user", "breadcrumbs", "server_name", "contexts")

Report = Callable[[BaseException, dict[str, str]], None]


def open_reports(dsn: str) -> Report:
    """A function that sends a crash in the background. Raise ValueError when that cannot be."""
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
        before_send=_without_people,
    )

    def report(error: BaseException, facts: dict[str, str]) -> None:
        with sentry_sdk.new_scope() as scope:
            for name, value in facts.items():
                scope.set_tag(name, value)
            sentry_sdk.capture_exception(error)

    return report


def _without_people(event: Event, hint: Hint) -> Event:
    """The text of an error may quote a row or an input; its type and place do not."""
    for name in LEFT_OUT:
        event.pop(name, None)  # type: ignore[misc]
    for error in event.get("exception", {}).get("values", []):
        error["value"] = ""
        error.pop("mechanism", None)
    return event
