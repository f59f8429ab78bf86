"""Numbers in names, and CJK text beside letters, with and without spaces."""

from __future__ import annotations

import pytest

from tests.education.school import add_chain
from tests.parts.server import Server


@pytest.mark.parametrize(
    ("name", "queries", "not_by"),
    [
        ("第 2 课 分数", ["第2课", "第2课分数", "第 2 课"], "第12课"),
        ("小学1年级", ["小学 1", "1 年级", "小学1年级"], "小学 11"),
        ("Python 入门", ["Python入门", "入门 python"], "Python入口"),
        ("佐々木さんの話", ["佐々木", "話 佐々木"], "佐木々"),
        ("صف ٣ علوم", ["صف ٣", "علوم ٣"], "صف ٣٣"),
        ("Class 7b", ["class 7", "7b class"], "class 77"),
        ("Class 70", ["class 70"], "class 7"),
        ("Class x7b1", ["class x7b1"], "class 7"),
        ("Class 7bis", ["class 7bis"], "class 7"),
    ],
)
def test_a_name_is_found_in_the_search_and_in_its_list(
    api: Server, name: str, queries: list[str], not_by: str
) -> None:
    chain = add_chain(api, name=name)
    topics = f"/api/education/subjects/{chain.subject}/topics"
    for query in queries:
        hits = api.get("/api/search", params={"q": query}).json()["data"]
        assert name in {each["name"] for each in hits}, query
        rows = api.get(topics, params={"search": query}).json()["data"]
        assert [each["name"] for each in rows] == [name], query
    assert api.get(topics, params={"search": not_by}).json()["data"] == []
