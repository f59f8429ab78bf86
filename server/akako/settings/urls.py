"""Strict reading of the URLs that settings hold. No message repeats any part of a URL.

A URL of PostgreSQL or Valkey contains a password. A password with a character that has a meaning in
URLs makes the libraries disagree about where the password ends, and their errors quote what they
take for a host, a port or a parameter. Everything ambiguous is therefore refused here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from urllib.parse import SplitResult, unquote, urlsplit

from akako.kernel.core.text import comma_list

# RFC 3986: what a URL is written with. "%" begins two hexadecimal digits.
WRITTEN = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*", re.ASCII)
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+(%25[\w.-]+)?\]|[^:\[\]@]*)(:[0-9]{1,5})?", re.ASCII)
ENCODE = (
    "percent-encode the special characters of its user name and password, such as @ as %40, "
    "/ as %2F, # as %23 and % as %25"
)


def split(text: str, schemes: Collection[str], *, login: bool = False) -> SplitResult:
    """Split a URL that libraries cannot read in two ways.

    `login`: whether the URL may have a user name and a password. Raise ValueError with a message
    that completes "AKAKO_… ", and that contains nothing of the URL.
    """
    if not WRITTEN.fullmatch(text):
        raise ValueError(f"is not a URL: {ENCODE}")
    try:
        parts = urlsplit(text)
    except ValueError:  # its message quotes the URL
        raise ValueError(f"is not a URL: {ENCODE}") from None
    complete = text.startswith("://", len(parts.scheme)) and (parts.netloc or parts.path.strip("/"))
    if parts.scheme not in schemes or not complete:
        starts = " or ".join(f"{scheme}://" for scheme in schemes)
        raise ValueError(f"must be a URL that starts with {starts}")
    user, at, hosts = parts.netloc.rpartition("@")
    if at and not login:
        raise ValueError("must not contain a user name or password")
    outside = parts.path + parts.query
    if "@" in user or "@" in outside or "#" in text or re.search(r"[\[\]]", user + outside):
        raise ValueError(f"is ambiguous: {ENCODE}")
    _check_decoded(user)
    if not all(HOST.fullmatch(host) for host in hosts.split(",")):
        raise ValueError(f"has an impossible host or port: check it, or {ENCODE}")
    return parts


def parser(*schemes: str, login: bool = False) -> Callable[[str], str]:
    """Return a function that checks a URL and returns it. It raises ValueError as `split` does."""

    def parse(text: str) -> str:
        split(text, schemes, login=login)
        return text

    return parse


def database_url(text: str) -> str:
    """Check a URL of PostgreSQL, also for what only one of the two drivers would reject."""
    split(text, ("postgresql", "postgres"), login=True)
    import psycopg  # only with a database of the operator's own

    try:
        psycopg.conninfo.conninfo_to_dict(text)
    except psycopg.Error:  # its message quotes the URL
        raise ValueError("has a parameter after ? that PostgreSQL does not know") from None
    return text


def dsn(text: str) -> str:
    """Check a DSN of Sentry."""
    if not re.fullmatch(r"https?://\w+@[\w.:-]+(/[\w-]+)*/[0-9]+", text, re.ASCII):
        raise ValueError("must be a DSN of Sentry such as https://key@sentry.example.com/1")
    return text


def origins(text: str) -> tuple[str, ...]:
    """Read a comma list of web origins."""
    found = comma_list(text)
    for number, origin in enumerate(found, 1):
        try:
            parts = split(origin, ("http", "https"))
        except ValueError:
            parts = None
        if parts is None or not parts.netloc or parts.path or parts.query:
            raise ValueError(f"has no origin such as https://app.example.com as number {number}")
    return found


def origin(text: str) -> str:
    """Check the public address of this server: scheme, host and port."""
    parts = split(text.rstrip("/"), ("http", "https"))
    if not parts.netloc or parts.path or parts.query:
        raise ValueError("must be an origin such as https://school.example.com, without a path")
    return text.rstrip("/")


def location(text: str) -> str:
    """Check a path of the proxy."""
    if not re.fullmatch(r"/([\w-][\w.-]*/)+", text, re.ASCII):
        raise ValueError("must be a path with a slash at both ends, such as /akako-files/")
    return text


def _check_decoded(user: str) -> None:
    try:
        decoded = unquote(user, errors="strict")
    except UnicodeDecodeError:
        raise ValueError("has a user name or password that is not UTF-8") from None
    if "\0" in decoded:
        raise ValueError("has a user name or password with a zero byte (%00)")


def secrets_in(text: str) -> set[str]:
    """Return the passwords that a text may hold as a URL, as written and decoded."""
    found = set()
    for login in re.findall(r"://(.*)@", text):
        password = login.partition(":")[2] or login
        found |= {password, unquote(password)}
    for value in re.findall(r"(?i)[?&]\w*(?:password|key)=([^&]+)", text):
        found |= {value, unquote(value)}
    return found
