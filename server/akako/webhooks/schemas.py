"""The response to a message."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType


class Receipt(msgspec.Struct):
    """`handled` is false for messages that do not concern this server or could not be applied."""

    received: bool
    handled: bool | UnsetType = UNSET
    duplicate: bool | UnsetType = UNSET
