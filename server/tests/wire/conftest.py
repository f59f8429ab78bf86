"""One server for all tests of the folder that need the whole API."""

from __future__ import annotations

from tests.http.conftest import api

__all__ = ["api"]
