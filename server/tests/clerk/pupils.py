"""A program that signs pupils in for the first time, evenly spread over some seconds.

    python -m tests.clerk.pupils URL SECONDS < tokens

With SECONDS 0 it sends all requests at the same time. It reads one token per line and prints a
JSON object: how many responses had which status.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter

import httpx2


async def sign_in(url: str, seconds: float, tokens: list[str]) -> Counter[int]:
    """Request every pupil's profile, evenly spread over the seconds."""
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(base_url=url, timeout=60, limits=limits) as client:

        async def pupil(number: int, token: str) -> int:
            await asyncio.sleep(seconds * number / len(tokens))
            headers = {"Authorization": f"Bearer {token}"}
            return (await client.get("/api/auth/profile", headers=headers)).status_code

        return Counter(await asyncio.gather(*(pupil(*each) for each in enumerate(tokens))))


if __name__ == "__main__":
    statuses = asyncio.run(sign_in(sys.argv[1], float(sys.argv[2]), sys.stdin.read().split()))
    sys.stdout.write(json.dumps(statuses))
