"""The time that the verification of tokens sees, set by a test."""

from __future__ import annotations

from datetime import datetime, tzinfo
from types import SimpleNamespace

import pytest
from jwt import api_jwt

from akako.backends.tokens import token_verifier


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def set_clock(monkeypatch: pytest.MonkeyPatch, now: float) -> Clock:
    """Stop the clock of our verifier and of PyJWT, which has no parameter for it."""
    clock = Clock(now)

    class Stopped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.fromtimestamp(clock.now, tz)

    monkeypatch.setattr(api_jwt, "datetime", Stopped)
    monkeypatch.setattr(token_verifier, "time", SimpleNamespace(time=clock))
    return clock
