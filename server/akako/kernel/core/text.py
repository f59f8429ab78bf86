"""Validate and normalize text, and compute keys that compare names and addresses."""

from __future__ import annotations

import re
import unicodedata

MAX_EMAIL = 254
MAX_EMAIL_LOCAL = 64
MAX_URL = 2048
MAX_PORT = 65535

_NONCHARACTERS = r"\ufdd0-\ufdef" + "".join(
    f"\\U{plane:04x}fffe\\U{plane:04x}ffff" for plane in range(17)
)
# U+202D and U+202E override the direction of letters, so a text can display as another one.
_NEVER = r"\x7f-\x9f\u202d\u202e\ud800-\udfff" + _NONCHARACTERS
# Embeddings and isolates, which Arabic and Hebrew texts contain.
_BIDI_RUNS = r"\u202a-\u202c\u2066-\u2069"
_NOT_IN_LINE = re.compile(rf"[\x00-\x1f{_BIDI_RUNS}{_NEVER}]")
_NOT_IN_TEXT = re.compile(rf"[\x00-\x08\x0b-\x1f{_NEVER}]")

# Unicode's Default_Ignorable_Code_Point: drawn as nothing (zero-width, fillers, selectors).
_IGNORABLE = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)

_BLANK_LINES = re.compile(r"\A(?:[^\S\n]*\n)+")

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_EMAIL = re.compile(
    rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@(?:{_LABEL}\.)+[A-Za-z](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])"
)
HTTPS_URL = rf"https://{_LABEL}(?:\.{_LABEL})*(?::[0-9]{{1,5}})?(?:[/?#][!#-;=?-\[\]_a-z~]*)?"
_HTTPS_URL = re.compile(HTTPS_URL, re.IGNORECASE | re.ASCII)
_PORT = re.compile(r"https://[^/?#:]+:([0-9]+)", re.IGNORECASE | re.ASCII)


class TextError(ValueError):
    """A text breaks a rule; the message may be shown to the caller."""


def comma_list(raw: str) -> tuple[str, ...]:
    """Return the trimmed items of a comma list, without empty ones."""
    return tuple(item for each in raw.split(",") if (item := each.strip()))


def printable(raw: str) -> str:
    """Return the text with ? for control characters, which a terminal might obey."""
    return "".join(each if each.isprintable() else "?" for each in raw)


def clean_line(raw: str) -> str:
    """Return one line in NFC and trimmed; a text without a visible character becomes "".

    Raise TextError on a control character, a bidirectional control, a noncharacter or a lone
    surrogate.
    """
    refuse_unsafe(raw)
    return _visible(raw.strip())


def clean_text(raw: str) -> str:
    """Return a trimmed text of several lines: tabs and line feeds stay, CRLF becomes LF.

    Raise TextError as `clean_line` does, except on the bidirectional embeddings and isolates
    U+202A to U+202C and U+2066 to U+2069.
    """
    return clean_document(raw).strip()


def clean_document(raw: str) -> str:
    """Do the same as `clean_text`, but keep the first line's indentation.

    Markdown reads an indented line as code. Blank lines at both ends are removed.
    """
    text = raw.replace("\r\n", "\n")
    if not text.isprintable():
        _refuse(_NOT_IN_TEXT, text)
    return _visible(_BLANK_LINES.sub("", text.rstrip()))


def refuse_unsafe(raw: str) -> None:
    """Raise TextError under the conditions of `clean_line`."""
    if not raw.isprintable():
        _refuse(_NOT_IN_LINE, raw)


def _refuse(forbidden: re.Pattern[str], text: str) -> None:
    if found := forbidden.search(text):
        raise TextError(f"Must not contain the character U+{ord(found[0]):04X}")


def _visible(trimmed: str) -> str:
    """Return the text in NFC, or "" without a visible character."""
    if trimmed.isascii():
        return trimmed
    text = unicodedata.normalize("NFC", trimmed)
    return text if _IGNORABLE.sub("", text).strip() else ""


def without_invisible(text: str) -> str:
    """Return the text without characters that are drawn as nothing."""
    return text if text.isascii() else _IGNORABLE.sub("", text)


def name_key(name: str) -> str:
    """Return the key by which names are compared.

    NFKC, without invisible characters, case-folded, with single spaces. Turkish dotted and dotless
    i stay different; a final sigma equals a sigma.
    """
    if name.isascii():
        return " ".join(name.lower().split())
    visible = _IGNORABLE.sub("", unicodedata.normalize("NFKC", name))
    # Case folding can leave marks out of order, and reordering can enable another fold.
    folded = unicodedata.normalize("NFKC", visible.casefold())
    return " ".join(unicodedata.normalize("NFKC", folded.casefold()).split())


def clean_email(raw: str) -> str:
    """Return a trimmed e-mail address. Quotes, comments and literals are rejected."""
    email = raw.strip()
    matched = _EMAIL.fullmatch(email) if len(email) <= MAX_EMAIL else None
    if matched is None or len(matched["local"]) > MAX_EMAIL_LOCAL:
        raise TextError("Invalid email format")
    return email


def email_key(email: str) -> str:
    """Return the key by which e-mail addresses are compared."""
    return email.casefold()


def clean_https_url(raw: str) -> str:
    """Return a trimmed https URL without credentials. The host must be ASCII."""
    url = raw.strip()
    if len(url) > MAX_URL:
        raise TextError(f"Must be at most {MAX_URL} characters")
    port = _PORT.match(url)
    if not _HTTPS_URL.fullmatch(url) or (port and int(port[1]) > MAX_PORT):
        raise TextError("Must be an https URL without credentials")
    return url
