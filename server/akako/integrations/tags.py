"""Entity tags of endpoints, which deliveries change while an administrator edits them."""

from __future__ import annotations

import re

from akako.integrations.schemas import WebhookEndpoint
from akako.kernel.core import etags
from akako.kernel.core.errors import PreconditionFailed

CONFIGURED = ("url", "description", "events", "is_active")
_WHOLE = re.compile(r'\.[0-9a-f]{32}"')


def of(endpoint: WebhookEndpoint) -> str:
    """Return the tag of the configuration, a dot, and the tag of all fields.

    `If-None-Match` compares all of it, and `If-Match` the configuration only: otherwise no change
    of an endpoint that receives events could name the current tag.
    """
    shown = WebhookEndpoint(
        **{name: getattr(endpoint, name) for name in WebhookEndpoint.__struct_fields__}
    )
    return f"{_of_configuration(endpoint)[:-1]}.{etags.of(shown)[1:]}"


def require(if_match: str | None, endpoint: WebhookEndpoint) -> None:
    """Raise PreconditionFailed unless `If-Match` is absent or names the current configuration."""
    if if_match is None:
        return
    if not etags.if_match(_WHOLE.sub('"', if_match), _of_configuration(endpoint)):
        raise PreconditionFailed(of(endpoint))


def _of_configuration(endpoint: WebhookEndpoint) -> str:
    return etags.of([getattr(endpoint, name) for name in CONFIGURED])
