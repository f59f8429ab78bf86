"""The key that encrypts secrets in the database: from the settings, or from the data folder."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

KEY_FILE = "secret.key"
KEY_BYTES = 32


def secret_keys(configured: Sequence[bytes], data_dir: Path) -> list[bytes]:
    """Return the keys: the first one encrypts, each of them decrypts.

    The key of an existing file decrypts too, so that a school can move to the setting.

    Raises:
        ValueError: The file does not contain a key.
        OSError: The file cannot be read or created.
    """
    path = data_dir / KEY_FILE
    if not configured and not path.exists():
        _create(path)
    return [*configured, *([_read(path)] if path.exists() else [])]


def available(configured: Sequence[bytes], data_dir: Path) -> bool:
    """Return whether there is a key without creating one."""
    return bool(configured) or (data_dir / KEY_FILE).exists()


def _read(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"{path} contains no key of {KEY_BYTES} bytes in hexadecimal digits")
    return key


def _create(path: Path) -> None:
    """Create the file with mode 0600, unless another process created it first."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{KEY_FILE}.") as file:
        file.write(secrets.token_hex(KEY_BYTES).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
        # Unlike a rename, a link never replaces a key that another process just created.
        with suppress(FileExistsError):
            os.link(file.name, path)
