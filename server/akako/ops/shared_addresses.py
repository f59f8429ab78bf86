"""Detects addresses that many signed-in users share, such as a school's router.

Where AKAKO_SHARED_NETWORKS does not name such an address, all its users share one rate limit. The
log then warns the operator. The memory in use is bounded, and each process warns by itself.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

import msgspec
import structlog

log = structlog.get_logger(__name__)

MANY_USERS = 5
WINDOW_SECONDS = 600.0
REPORT_SECONDS = 3600.0
MAX_ADDRESSES = 1024
MAX_CHECKS = 100  # tokens verified per address and window; a flood must not cost more


class _Window(msgspec.Struct):
    started: float
    checks: int = 0
    users: set[str] = msgspec.field(default_factory=set)
    reported: float | None = None


class SharedAddresses:
    """Counts the signed-in users whose requests the rate limit of one address rejected."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def wants(self, address: str) -> bool:
        """Return whether the user of a rejected request matters, which takes a verified token."""
        window = self._window(address)
        if window.reported is not None or window.checks >= MAX_CHECKS:
            return False
        window.checks += 1
        return True

    def add(self, address: str, user: str) -> None:
        """Record a rejected user; warn once an hour when there are MANY_USERS within 10 minutes."""
        window = self._window(address)
        window.users.add(user)
        if window.reported is None and len(window.users) >= MANY_USERS:
            window.reported = self._clock()
            log.warning(
                "rate_limit_of_shared_address",
                address=address,
                users=len(window.users),
                setting="AKAKO_SHARED_NETWORKS",
                hint="Add the address if it is a school's; if it is a proxy of yours, "
                "name it in AKAKO_TRUSTED_PROXIES",
            )

    def _window(self, address: str) -> _Window:
        now = self._clock()
        window = self._windows.get(address)
        if window is None or self._is_over(window, now):
            window = self._windows[address] = _Window(now)
        self._windows.move_to_end(address)
        if len(self._windows) > MAX_ADDRESSES:
            self._windows.popitem(last=False)
        return window

    def _is_over(self, window: _Window, now: float) -> bool:
        if window.reported is not None:
            return now - window.reported >= REPORT_SECONDS
        return now - window.started >= WINDOW_SECONDS
