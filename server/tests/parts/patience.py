"""Time limits that a slow machine does not exceed, for this process and for servers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from akako.backends.tokens import key_set

REPLY_TICKS = 1000  # 10 seconds
KEY_SECONDS = 30

ALTERED = Path(__file__).parent / "altered"
VALKEY = {
    "akako.backends.valkey_connection.REPLY_TICKS": REPLY_TICKS,
    "akako.backends.valkey_counters.REPLY_TICKS": REPLY_TICKS,
}


def altered(constants: Mapping[str, float]) -> dict[str, str]:
    """Return environment variables that give a server other constants.

    Args:
        constants: the new values, by module and name.
    """
    return {"PYTHONPATH": str(ALTERED), "OTHER_CONSTANTS": json.dumps(dict(constants))}


def wait_for_valkey(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let counters of this process wait long for replies of Valkey."""
    for name, ticks in VALKEY.items():
        monkeypatch.setattr(name, ticks)


def wait_for_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let verifications of this process wait long for the keys of the issuer."""
    for name in ("KNOWN_KEY_SECONDS", "UNKNOWN_KEY_SECONDS"):
        monkeypatch.setattr(key_set, name, KEY_SECONDS)
