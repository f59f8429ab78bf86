"""Plain ASGI that sends ready bytes with ready headers: what server and protocol alone cost."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ["BENCH_FOLDER"])
BODY = (FOLDER / "levels.json").read_bytes()
HEADERS = [
    (name.encode(), value.encode())
    for name, value in json.loads((FOLDER / "levels.headers.json").read_text())
]


async def app(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
