"""When the latest backup succeeded, as a file in the data folder."""

from __future__ import annotations

import os
import time
from pathlib import Path

from akako.kernel.core.ids import new_id

FILE = "last-backup"


def record(data_dir: Path, at: float | None = None) -> None:
    """Store the time of a successful backup in epoch seconds, by default now."""
    target = data_dir / FILE
    making = target.with_name(f".{FILE}.{new_id()}")
    making.write_text(f"{time.time() if at is None else at:.0f}\n", encoding="ascii")
    os.replace(making, target)


def latest(data_dir: Path) -> float | None:
    """Return the time of the latest successful backup in epoch seconds, if one is recorded."""
    try:
        return float((data_dir / FILE).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
