"""Write one line of JSON per event to standard error.

Events carry ids, never an e-mail address, a token or a file name.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

ROW = re.compile(r"\nDETAIL:.*?(?=\n(?:HINT:|\n)|\Z)", re.DOTALL)
REPORTED_FIELDS = ("request_id", "route")
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


_report: Callable[[BaseException, dict[str, str]], None] | None = None


def report_crashes(report: Callable[[BaseException, dict[str, str]], None]) -> None:
    """Send every logged exception to `report` too, with the id and route of its request."""
    global _report  # noqa: PLW0603 - logging is one per process
    _report = report


class _StandardError:
    """Standard error at the time of writing. Tests and daemons replace it after the set-up."""

    def write(self, text: str) -> None:
        sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure(level: str) -> None:
    """Configure structured logs, and format the warnings of libraries in the same way."""
    stamp: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render: list[Processor] = [
        _reported,
        structlog.processors.format_exc_info,
        _without_rows,
        structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *stamp, *render],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=_StandardError()),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(_StandardError())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=stamp,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    # Libraries log requests and job arguments at level info, which may contain personal data.
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    # It logs a warning for every malformed or upgrade request.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    # It logs a warning for every malformed form; the client gets a 400 response for these.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)


def _reported(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    error = event.get("exc_info")
    if error and _report is not None:
        if not isinstance(error, BaseException):
            error = (error if isinstance(error, tuple) else sys.exc_info())[1]
        if error is not None:
            _report(error, {name: str(event[name]) for name in REPORTED_FIELDS if name in event})
    return event


def _without_rows(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Remove the row values that PostgreSQL quotes in constraint errors: they are personal data."""
    if "exception" in event:
        event["exception"] = ROW.sub("\nDETAIL: left out", event["exception"])
    return event
