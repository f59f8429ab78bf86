"""Parsers of single variables. Each raises ValueError with a text that completes "AKAKO_X …"."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from akako.kernel.core.text import comma_list
from akako.kernel.http.limits import Rate

MIN_KEY_BITS = 2048
MIN_SECRET_BYTES = 16


def one_of(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        for choice in allowed:
            if text.lower() == choice.lower():
                return choice
        raise ValueError(f"must be one of {', '.join(allowed)}")

    return parse


def flag(text: str) -> bool:
    if text.lower() in {"1", "true", "yes", "on"}:
        return True
    if text.lower() in {"0", "false", "no", "off"}:
        return False
    raise ValueError("must be true or false")


def rate(text: str) -> Rate:
    match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,5})", text, re.ASCII)
    if not match or int(match[1]) < 1 or int(match[2]) < 1:
        raise ValueError(
            "must be hits/seconds, such as 100/60: 1 to 999999 hits in 1 to 99999 seconds"
        )
    return Rate(int(match[1]), int(match[2]))


def count(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,4}", text, re.ASCII):
        raise ValueError("must be a number from 1 to 99999")
    return int(text)


def size(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,12}", text, re.ASCII):
        raise ValueError("must be a number of bytes from 1 to 9999999999999")
    return int(text)


def upload_seconds(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) or not 60 <= int(text) <= 86_400:
        raise ValueError("must be a number of seconds from 60 to 86400")
    return int(text)


def pem(text: str) -> str:
    written = text.replace("\\n", "\n").strip()
    try:
        loaded = load_pem_public_key(written.encode())
    except ValueError:
        loaded = None
    if not isinstance(loaded, RSAPublicKey) or loaded.key_size < MIN_KEY_BITS:
        raise ValueError(f"must be a public RSA key of at least {MIN_KEY_BITS} bits in PEM form")
    return written


def secrets(text: str) -> tuple[str, ...]:
    found = comma_list(text)
    for secret in found:
        try:
            decoded = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            decoded = b""
        if not secret.startswith("whsec_") or len(decoded) < MIN_SECRET_BYTES:
            raise ValueError(
                "must be a comma list of webhook secrets: whsec_ and at least "
                f"{MIN_SECRET_BYTES} bytes in base64"
            )
    return found


def encryption_keys(text: str) -> tuple[bytes, ...]:
    """Read a comma list of keys of 32 bytes, as `openssl rand -hex 32` prints them."""
    found = comma_list(text)
    if not all(re.fullmatch(r"[0-9A-Fa-f]{64}", each, re.ASCII) for each in found):
        raise ValueError("must be a comma list of keys, each of 64 hexadecimal digits (32 bytes)")
    return tuple(bytes.fromhex(each) for each in found)


def key(text: str) -> str:
    """Reject a key that cannot be sent in a header; the HTTP client's error would quote it."""
    if not re.fullmatch(r"[\x21-\x7e]+", text, re.ASCII):
        raise ValueError("must be visible ASCII characters without spaces")
    return text


def clerk_ids(text: str) -> tuple[str, ...]:
    ids = comma_list(text)
    if not all(re.fullmatch(r"user_[A-Za-z0-9_]{1,64}", each, re.ASCII) for each in ids):
        raise ValueError("must be a comma list of Clerk ids that start with user_")
    return ids


def instance_id(text: str) -> str:
    if not re.fullmatch(r"ins_[A-Za-z0-9]{1,64}", text, re.ASCII):
        raise ValueError("must be the id of a Clerk instance that starts with ins_")
    return text


def words(text: str) -> str:
    """Reject control characters and bytes that are not UTF-8."""
    if not text.isprintable():
        raise ValueError("must not contain control characters or bytes that are not UTF-8")
    return text


def list_of_words(text: str) -> tuple[str, ...]:
    return comma_list(words(text))


def header_names(text: str) -> tuple[str, ...]:
    names = comma_list(text)
    if not all(re.fullmatch(r"[A-Za-z0-9!#$%&'+.^_`|~-]{1,64}", each, re.ASCII) for each in names):
        raise ValueError("must be a comma list of header names, such as X-School, X-Class")
    return names
