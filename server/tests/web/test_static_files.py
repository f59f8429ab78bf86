"""Static files are compressed and kept by browsers for good."""

from __future__ import annotations

import httpx2
import pytest

from akako.web.assets.marks import asset
from tests.parts.server import Server


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("app.css", "text/css; charset=utf-8"),
        ("core.js", "text/javascript; charset=utf-8"),
        ("icons.svg", "image/svg+xml"),
    ],
)
def test_static_file_is_compressed_and_immutable(api: Server, name: str, media_type: str) -> None:
    url = f"{api.url}{asset(name)}"
    plain = httpx2.get(url, headers={"Accept-Encoding": "identity"}, timeout=60)
    assert plain.status_code == 200
    assert "content-encoding" not in plain.headers
    assert plain.headers["content-type"] == media_type
    assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
    packed = httpx2.get(url, headers={"Accept-Encoding": "br, gzip"}, timeout=60)
    assert packed.headers["content-encoding"] in ("gzip", "br")
    assert "Accept-Encoding" in packed.headers["vary"]
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < len(plain.content)


def test_unknown_file_and_other_methods_are_refused(api: Server) -> None:
    assert httpx2.get(f"{api.url}/static/app.css", timeout=60).status_code == 404
    assert httpx2.post(f"{api.url}{asset('app.css')}", timeout=60).status_code in (404, 405)
    head = httpx2.head(f"{api.url}{asset('app.css')}", timeout=60)
    assert (head.status_code, head.content) == (200, b"")
