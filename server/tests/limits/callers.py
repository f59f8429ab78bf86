"""Callers at addresses that a trusted proxy vouches for."""

from __future__ import annotations

import httpx


def from_address(*hops: str) -> dict[str, str]:
    """The header that a chain of proxies leaves; the last hop is the nearest."""
    return {"X-Forwarded-For": ", ".join(hops)}


def limit(answer: httpx.Response) -> int:
    return int(answer.headers["x-ratelimit-limit"])


def remaining(answer: httpx.Response) -> int:
    return int(answer.headers["x-ratelimit-remaining"])
