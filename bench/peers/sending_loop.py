"""The peer of the deliveries: a loop that signs events from a file and posts them with httpx2.

Usage: python -m bench.peers.sending_loop FILE URL SECRET CONCURRENCY
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
from standardwebhooks import Webhook


async def post_all(events: Iterator[str], client: httpx2.AsyncClient, hook: Webhook) -> None:
    for line in events:
        event = json.loads(line)
        body = json.dumps(event["payload"])
        now = datetime.now(UTC)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": event["id"],
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": hook.sign(event["id"], now, body),
        }
        response = await client.post("", content=body, headers=headers)
        response.raise_for_status()


async def main(file: str, url: str, secret: str, concurrency: str) -> None:
    events = iter(Path(file).read_text().splitlines())
    limits = httpx2.Limits(max_connections=int(concurrency))
    async with httpx2.AsyncClient(base_url=url, limits=limits, trust_env=False) as client:
        hook = Webhook(secret)
        await asyncio.gather(*(post_all(events, client, hook) for _ in range(int(concurrency))))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
