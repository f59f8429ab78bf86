"""Callers at addresses that a trusted proxy vouches for."""

from __future__ import annotations

import httpx2


def from_address(*hops: str) -> dict[str, str]:
    """The header that a chain of proxies leaves; the last hop is the nearest."""
    return {"X-Forwarded-For": ", ".join(hops)}


def limit(answer: httpx2.Response) -> int:
    return int(answer.headers["x-ratelimit-limit"])


def remaining(answer: httpx2.Response) -> int:
    return int(answer.headers["x-ratelimit-remaining"])
