"""Hooks of schemathesis: a piece of a resumable upload is sent as it is."""

from __future__ import annotations

import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
