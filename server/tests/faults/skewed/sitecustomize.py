"""Read by Python before a program starts: gives that program a clock that is wrong."""

import os
import time
from datetime import datetime, timedelta, tzinfo

SECONDS = float(os.environ.get("CLOCK_IS_AHEAD_BY", "0"))
TELLERS = ("identity.service", "plans.service", "plans.meter", "plans.routes", "mentors.service")
right_time = time.time


class WrongClock(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + timedelta(seconds=SECONDS)


def wrong_time() -> float:
    return right_time() + SECONDS


if SECONDS:
    from importlib import import_module

    for name in (*(f"akako.{each}" for each in TELLERS), "jwt.api_jwt"):
        import_module(name).datetime = WrongClock  # type: ignore[attr-defined]
    time.time = wrong_time
