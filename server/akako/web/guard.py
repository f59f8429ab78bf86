"""Refuse writes that another site causes, and redirects that lead to another site."""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from starlette.datastructures import FormData, Headers

from akako.kernel.core.errors import Forbidden

FORM_TOKEN = "form_token"  # noqa: S105 - the name of a field
SAME_SITE = {"same-origin", "none"}


class OutdatedForm(Forbidden):
    """The form was made for another session, or for none."""


def origin_of(scheme: str, host: str, public_url: str | None) -> str:
    """Return the origin of the web app: of AKAKO_PUBLIC_URL, or of the request."""
    if public_url:
        parts = urlsplit(public_url)
        return f"{parts.scheme}://{parts.netloc}"
    return f"{scheme}://{host}"


def require_same_origin(headers: Headers, allowed: set[str]) -> None:
    """Raise Forbidden for a request that a page of another origin sent.

    Browsers send Origin with every POST, and Sec-Fetch-Site on secure origins.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None and origin not in allowed:
        raise Forbidden("The form was sent by another site")
    if site is not None and site not in SAME_SITE:
        raise Forbidden("The form was sent by another site")


def require_form_token(form: FormData, expected: str) -> None:
    """Raise Forbidden unless the form was made for this session."""
    given = form.get(FORM_TOKEN)
    require_token(given, expected)


def require_token(given: object, expected: str) -> None:
    """Raise Forbidden unless a field holds the token of the session."""
    if not isinstance(given, str) or not hmac.compare_digest(
        unmasked(given).encode(), expected.encode()
    ):
        raise OutdatedForm("The form is outdated: open the page again")


def masked(token: str) -> str:
    """Return a form token under a random mask.

    Pages are compressed. The same text in every page could be guessed from their sizes (BREACH).
    """
    mask = secrets.token_bytes(len(token))
    return (mask + _xor(mask, token.encode())).hex()


def unmasked(text: str) -> str:
    """Return the form token under a mask; an empty text where it cannot be read."""
    try:
        both = bytes.fromhex(text)
        half = len(both) // 2
        return _xor(both[:half], both[half:]).decode("ascii")
    except ValueError:
        return ""


def _xor(mask: bytes, text: bytes) -> bytes:
    if len(mask) != len(text):
        raise ValueError("mask and text differ in length")
    return (int.from_bytes(mask, "big") ^ int.from_bytes(text, "big")).to_bytes(len(mask), "big")


def path_before(headers: Headers, origin: str, otherwise: str) -> str:
    """Return path and query of the page of this server that sent a form, or `otherwise`."""
    came_from = headers.get("referer", "")
    path = came_from.removeprefix(origin) if came_from.startswith(f"{origin}/") else ""
    return path if path and is_relative(path) else relative_path(otherwise, "/")


def relative_path(wanted: str | None, otherwise: str = "/home") -> str:
    """Return a path of this server to go to after sign-in, or `otherwise`."""
    if not wanted or not is_relative(wanted):
        return otherwise
    return otherwise if wanted.startswith(("/sign-in", "/sign-out", "/auth/")) else wanted


def is_relative(path: str) -> bool:
    """Return whether browsers read a text as a path of this server.

    Browsers read a backslash as a slash and drop control characters, so both are refused.
    """
    if not path.startswith("/") or path.startswith("//") or len(path) > 2_000:
        return False
    return "\\" not in path and all(ord(char) > 32 for char in path)
