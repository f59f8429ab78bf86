"""The search: what is found, what is shown to whom."""

from __future__ import annotations

from typing import Any

import pytest

from tests.education.school import add, add_chain, add_mentor, change, enroll, refusal, remove
from tests.parts.server import Server


def search(api: Server, q: str, as_: str | None = None, **more: str) -> list[dict[str, Any]]:
    response = api.get("/api/search", as_=as_, params={"q": q, **more})
    assert response.status_code == 200, response.text
    data: list[dict[str, Any]] = response.json()["data"]
    return data


def found(api: Server, q: str, as_: str | None = None, **more: str) -> list[str]:
    return [each["name"] for each in search(api, q, as_, **more)]


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("Zürcher Geschichte", "geschichte zurcher"),
        ("L’hôpital Rule", "lhopital"),
        ("IŞIL Lamba", "ışıl"),
        ("山田 太郎 の 本", "山田太郎"),
        ("Ｆｕｌｌ Width", "full"),
        ("مُدَرِّس", "مدرس"),
    ],
)
def test_topics_are_found_as_people_type(api: Server, name: str, query: str) -> None:
    add_chain(api, name=name)
    assert name in found(api, query)


def test_a_hit_has_path_and_names_come_before_texts(api: Server) -> None:
    level = add(api, "levels", name="Secondary Quokka")
    grade = add(api, "grades", level["id"])
    subject = add(api, "subjects", grade["id"], name="Wombat Studies")
    second = add(api, "topics", subject["id"], name="Later", description="about wombat")
    first = add(api, "topics", subject["id"], name="A wombat")
    hits = search(api, "WOMBAT")
    assert [each["name"] for each in hits] == ["Wombat Studies", "A wombat", "Later"]
    assert hits[1] == {
        "type": "topic",
        "id": first["id"],
        "name": "A wombat",
        "subjectId": subject["id"],
        "path": [level["name"], grade["name"], subject["name"]],
        "pathIds": [level["id"], grade["id"], subject["id"]],
        "excerpt": None,
    }
    assert hits[0]["subjectId"] == subject["id"]
    assert found(api, "wombat", type="subject") == ["Wombat Studies"]
    assert found(api, "wombat", type="topic") == ["A wombat", "Later"]
    assert len(found(api, "wombat", type="subject,topic")) == 3
    assert found(api, "wombat", type="Subject") == found(api, "wombat", type="subject")
    change(api, "topics", second["id"], isActive=False)
    remove(api, "topics", first["id"])
    assert found(api, "wombat") == ["Wombat Studies"]
    assert found(api, "wombat", "admin") == ["Wombat Studies", "Later"]


def test_content_is_searched_and_shown_for_entitled_callers_only(api: Server) -> None:
    mentor, mentor_id = add_mentor(api, "searches")
    other, _ = add_mentor(api, "searchesnot")
    content = f"{'Vorspann ' * 300}Die Größe eines Échidnas zählt. {'Schluss ' * 300}"
    chain = add_chain(api, mentor_id=mentor_id, name="Kloaken", content=content)
    enrolled, pending = api.user("enrolledone"), api.user("pendingone")
    enroll(api, chain.subject, api.user_id(enrolled))
    enroll(api, chain.subject, api.user_id(pending), "PENDING")
    for caller in (mentor, enrolled, "admin"):
        (hit,) = search(api, "echidnas grosse", caller)
        assert "Échidnas" in hit["excerpt"]
        assert hit["excerpt"].startswith("…")
        assert len(hit["excerpt"]) < 300
        (by_name,) = search(api, "kloaken", caller)
        assert by_name["excerpt"].startswith("Vorspann")
    others: tuple[str | None, ...] = (None, other, pending)
    for each in others:
        assert found(api, "echidnas", each) == []
        assert [hit["excerpt"] for hit in search(api, "kloaken", each)] == [None]


@pytest.mark.parametrize(
    "query",
    ["", "q=", "q=%20", f"q={'x' * 101}", "q=a&type=level", "q=a&type=", "q=%00"],
)
def test_a_malformed_search_is_refused(api: Server, query: str) -> None:
    assert refusal(api.get(f"/api/search?{query}"))[:2] == (422, "VALIDATION_ERROR")


def test_only_anonymous_responses_are_public(api: Server) -> None:
    add_chain(api, name="Cachable")
    public = api.get("/api/search?q=cachable")
    assert "public" in public.headers["cache-control"]
    own = api.get("/api/search?q=cachable", as_="admin")
    assert own.headers["cache-control"] == "no-store"
    assert found(api, "%") == []
    assert found(api, "'") == []
