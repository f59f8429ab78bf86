"""The page that searches subjects and topics."""

from __future__ import annotations

import httpx2
import pytest

from tests.education.school import add_chain
from tests.parts.server import Server


def test_a_subject_is_found_by_anyone(api: Server) -> None:
    chain = add_chain(api)
    name = api.get(f"/api/education/subjects/{chain.subject}").json()["data"]["name"]
    found = httpx2.get(f"{api.url}/search", params={"q": name}, timeout=60)
    assert found.status_code == 200
    assert f'href="/subjects/{chain.subject}"' in found.text


@pytest.mark.parametrize("wanted", ["", "zzzzqq", "<script>", "x" * 300, "%_\\"])
def test_any_text_can_be_searched(api: Server, wanted: str) -> None:
    found = httpx2.get(f"{api.url}/search", params={"q": wanted}, timeout=60)
    assert found.status_code == 200
    assert "<script>" not in found.text
