"""One line of JSON per event on standard error. Ids only: no address, token or file name."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable

import structlog
from structlog.typing import EventDict, WrappedLogger

ROW = re.compile(r"\nDETAIL:.*?(?=\n(?:HINT:|\n)|\Z)", re.DOTALL)
TOLD = ("request_id", "route")
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


_report: Callable[[BaseException, dict[str, str]], None] | None = None


def report_crashes(report: Callable[[BaseException, dict[str, str]], None]) -> None:
    """From now on also tell `report` of every exception that is logged, with its request's id."""
    global _report  # noqa: PLW0603 - logging is one per process
    _report = report


class _StandardError:
    """Standard error as it is at the moment of writing, whatever it was when logs were set up."""

    def write(self, text: str) -> None:
        sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure(level: str) -> None:
    """Set up structured logs, and pass other libraries' warnings through the same form."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _reported,
            structlog.processors.format_exc_info,
            _without_rows,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=_StandardError()),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(_StandardError())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _reported,
                structlog.processors.format_exc_info,
                _without_rows,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    # Libraries log requests and job arguments at info; only their complaints are of interest.
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    # It logs a warning for every malformed or upgrade request.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    # It warns of every malformed form; the answer to its sender says that already.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)


def _reported(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    error = event.get("exc_info")
    if error and _report is not None:
        if not isinstance(error, BaseException):
            error = (error if isinstance(error, tuple) else sys.exc_info())[1]
        if error is not None:
            _report(error, {name: str(event[name]) for name in TOLD if name in event})
    return event


def _without_rows(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """PostgreSQL quotes the row that it refuses, and with it what people wrote there."""
    if "exception" in event:
        event["exception"] = ROW.sub("\nDETAIL: left out", event["exception"])
    return event
