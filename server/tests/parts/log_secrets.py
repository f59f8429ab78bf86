"""Find secrets in the logs of servers. No test may cause one."""

from __future__ import annotations

import re

PATTERNS = {
    "token": re.compile(r"eyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]{4,}"),
    "bearer": re.compile(r"(?i)\bbearer\s+[\w.-]{8,}"),
    "Clerk's key": re.compile(r"\bsk_(test|live)_\w+"),
    "webhook secret": re.compile(r"\bwhsec_\w+"),
    "password in a URL": re.compile(r"\b[a-z]+://[^\s/:@\"]*:[^\s/@\"]+@"),
    "e-mail address": re.compile(r"[\w.+-]+@[\w-]+\.[a-z]{2,}", re.IGNORECASE),
    "private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE"),
    "S3 key": re.compile(r"test-secret-of-no-value|AWSAccessKeyId|Signature="),
}


def secrets_in(log: str) -> list[str]:
    """The kind of each secret and personal datum, with the beginning of the line that has it."""
    found = []
    for line in log.splitlines():
        for kind, pattern in PATTERNS.items():
            if match := pattern.search(line):
                start = max(0, match.start() - 60)
                found.append(f"{kind}: …{line[start : match.end() + 20]}")
    return found
