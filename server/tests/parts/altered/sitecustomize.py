"""Read by Python before a program starts: gives that program a wrong clock or other constants."""

import json
import os
import time
from datetime import datetime, timedelta, tzinfo
from importlib import import_module

SECONDS = float(os.environ.get("CLOCK_IS_AHEAD_BY", "0"))
CONSTANTS = json.loads(os.environ.get("OTHER_CONSTANTS", "{}"))
TELLERS = ("identity.service", "plans.service", "plans.meter", "mentors.service")
right_time = time.time


class WrongClock(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + timedelta(seconds=SECONDS)


def wrong_time() -> float:
    return right_time() + SECONDS


for path, value in CONSTANTS.items():
    name, _, constant = path.rpartition(".")
    module = import_module(name)
    if not hasattr(module, constant):
        raise SystemExit(f"{path} does not exist")  # Python would ignore any other error
    setattr(module, constant, value)
if SECONDS:
    for name in (*(f"akako.{each}" for each in TELLERS), "jwt.api_jwt"):
        import_module(name).datetime = WrongClock  # type: ignore[attr-defined]
    time.time = wrong_time
