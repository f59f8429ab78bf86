"""The text that `akako serve` prints when the server is ready."""

from __future__ import annotations

import os
import shlex
import socket
import sys
from pathlib import Path

from akako.settings import Settings, default_data_dir

WILDCARDS = {"0.0.0.0", "::", ""}  # noqa: S104 - compared, not bound
# Documentation addresses (RFC 5737, RFC 3849): connecting a UDP socket sends nothing.
PROBES = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
MAX_PORT = 65535
PORTS_TRIED = 100


def banner(settings: Settings, host: str, port: int) -> str:
    """Return the addresses of the server and, in development, the commands that print tokens."""
    first, *others = [f"http://{each}:{port}" for each in addresses(host)]
    lines = [f"Akako LMS is running at {first}"]
    lines += [f"  from other machines: {address}" for address in others]
    lines.append(f"  API documentation: {first}/docs")
    if not settings.clerk_issuer:
        lines.insert(
            1, "  Open this address in a browser and sign in as one of the prepared people."
        )
        akako = Path(sys.argv[0])
        program = shlex.quote(os.path.relpath(akako)) if akako.name == "akako" else "akako"
        folder = _data_dir_option(settings.data_dir)
        lines.append("  Tokens for the three prepared people (development only):")
        for role in ("admin", "mentor", "learner"):
            lines.append(f"    {program} token --as {role}{folder}")
    return "\n".join(lines)


def addresses(host: str) -> list[str]:
    """Return the addresses, as written in URLs, at which a server on this host can be reached."""
    if host not in WILDCARDS:
        return [f"[{host}]" if ":" in host else host]
    found = ["127.0.0.1" if host != "::" else "[::1]"]
    for family, probe in PROBES:
        if family == socket.AF_INET6 and host != "::":
            continue
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as udp:
                udp.connect((probe, 9))
                address = str(udp.getsockname()[0])
        except OSError:  # no route, or no such protocol
            continue
        shown = f"[{address}]" if ":" in address else address
        if shown not in found:
            found.append(shown)
    return found


def free_port(host: str, used: int) -> int | None:
    """Return the next port above `used` that can be bound now, if there is one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(used + 1, min(used + PORTS_TRIED, MAX_PORT) + 1):
        with socket.socket(family) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    return None


def _data_dir_option(data_dir: Path) -> str:
    """Return the option that makes another process use the same folder as this one."""
    if data_dir.absolute() == default_data_dir().absolute():
        return ""
    return f" --data-dir {shlex.quote(str(data_dir))}"
