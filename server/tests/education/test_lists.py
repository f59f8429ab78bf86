"""Lists of the curriculum: pages, cursors, sorting, search, dates and the indexes behind them."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator

import pytest

from akako.kernel.core.ids import new_id
from tests.education.school import PUBLIC, add, add_chain, ids, refusal, rows
from tests.parts.server import Server


def grades_with(api: Server, *names: str) -> str:
    """The address of the list of a new level's grades, which have these names."""
    level = add(api, "levels")["id"]
    for name in names:
        add(api, "grades", level, name=name, description=f"about {name}")
    return f"{PUBLIC}/levels/{level}/grades"


def names(api: Server, path: str, query: str = "") -> list[str]:
    response = api.get(f"{path}?{query}")
    assert response.status_code == 200, response.text
    return [each["name"] for each in response.json()["data"]]


@pytest.fixture(scope="module")
def school(api: Server) -> str:
    return grades_with(api, "Beta", "alpha", "Delta", "charlie", "Echo")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Beta", "alpha", "Delta", "charlie", "Echo"]),
        ("order=desc", ["Echo", "charlie", "Delta", "alpha", "Beta"]),
        ("sort=name", ["alpha", "Beta", "charlie", "Delta", "Echo"]),
        ("sort=NAME&order=DESC&limit=2", ["Echo", "Delta"]),
        ("sort=updatedAt", ["Beta", "alpha", "Delta", "charlie", "Echo"]),
        ("page=2&limit=2", ["Delta", "charlie"]),
        ("page=3&limit=2", ["Echo"]),
        ("page=4&limit=2", []),
        ("search=E", ["Beta", "Delta", "charlie", "Echo"]),
        ("search=%20%20", ["Beta", "alpha", "Delta", "charlie", "Echo"]),
        ("search=ABOUT%20%20alp", ["alpha"]),
        ("search=%25", []),
        ("search=_", []),
        ("colour=red", ["Beta", "alpha", "Delta", "charlie", "Echo"]),
        ("createdFrom=2026-01-01&createdTo=2025-12-31T00:00:00Z", None),
        ("createdFrom=2000-01-01", ["Beta", "alpha", "Delta", "charlie", "Echo"]),
        ("updatedTo=2000-01-01", []),
        ("page=0", None),
        ("page=100001", None),
        ("limit=-1", None),
        ("limit=%EF%BC%91", None),
        ("sort=description", None),
        ("sort=name;drop", None),
        ("order=up", None),
        ("page=1&page=2", None),
        ("isActive=yes", None),
        ("createdFrom=20260101", None),
        ("cursor=nonsense", None),
    ],
)
def test_pages_sorting_and_filters(
    api: Server, school: str, query: str, expected: list[str] | None
) -> None:
    if expected is None:
        status, code, _ = refusal(api.get(f"{school}?{query}"))
        assert (status, code) == (422, "VALIDATION_ERROR")
    else:
        assert names(api, school, query) == expected


@pytest.mark.parametrize(
    ("query", "page", "limit", "pages", "more", "before"),
    [
        ("", 1, 20, 1, False, False),
        ("limit=1000", 1, 100, 1, False, False),
        ("limit=2", 1, 2, 3, True, False),
        ("limit=2&page=2", 2, 2, 3, True, True),
        ("limit=5", 1, 5, 1, False, False),
        ("limit=2&page=9", 9, 2, 3, False, True),
    ],
)
def test_the_pagination_block(
    api: Server,
    school: str,
    query: str,
    page: int,
    limit: int,
    pages: int,
    more: bool,
    before: bool,
) -> None:
    body = api.get(f"{school}?{query}").json()
    assert list(body) == ["success", "data", "pagination"]
    assert list(body["pagination"].values()) == [page, limit, 5, pages, more, before]


def test_dates_are_half_open(api: Server) -> None:
    path = grades_with(api, "early", "late")
    moments = {"early": "2026-03-01T23:59:59.999Z", "late": "2026-03-02T00:00:00Z"}
    for name, moment in moments.items():
        sql = "update grades set created_at = %s, updated_at = %s where name = %s"
        api.execute(sql, moment, moment, name)
    for query, expected in [
        ("createdTo=2026-03-01", ["early"]),
        ("createdFrom=2026-03-02", ["late"]),
        ("createdTo=2026-03-02T00:00:00Z", ["early"]),
        ("createdFrom=2026-03-02T01:00:00%2B01:00", ["late"]),
        ("updatedFrom=2026-03-01&updatedTo=2026-03-02", ["early", "late"]),
        ("createdFrom=2026-03-03", []),
    ]:
        assert names(api, path, query) == expected, query


def test_search_knows_other_spellings(api: Server) -> None:
    path = grades_with(api, "\u00c9cole Stra\u00dfe", "Ecole")
    decomposed = unicodedata.normalize("NFD", "\u00e9COLE")
    response = api.get(path, params={"search": decomposed})
    assert [each["name"] for each in response.json()["data"]] == ["\u00c9cole Stra\u00dfe", "Ecole"]
    assert len(ids(api.get(path, params={"search": "STRASSE"}))) == 1


def test_search_follows_changes(api: Server) -> None:
    grade = add(api, "grades", add(api, "levels")["id"], name="Old", description="first")
    path = f"{PUBLIC}/levels/{grade['educationLevelId']}/grades"
    target = f"/api/admin/education/grades/{grade['id']}"
    assert api.put(target, as_="admin", json={"description": "second"}).status_code == 200
    assert names(api, path, "search=old") == ["Old"]
    assert names(api, path, "search=first") == []
    assert api.put(target, as_="admin", json={"name": "New"}).status_code == 200
    assert names(api, path, "search=second") == ["New"]
    assert names(api, path, "search=old") == []


def pages(api: Server, path: str) -> Iterator[list[str]]:
    """All pages of a list, by following `Link`."""
    while path:
        response = api.get(path)
        yield ids(response)
        following = response.links.get("next")
        assert bool(following) is response.json()["pagination"]["hasNext"]
        path = following["url"] if following else ""


@pytest.mark.parametrize("query", ["sort=createdAt", "sort=updatedAt&order=desc", "sort=name"])
def test_a_walk_by_cursor_meets_every_old_row_once(api: Server, query: str) -> None:
    chain = add_chain(api)
    many(api, "topics", "subject_id", chain.subject, 23)
    path = f"{chain.lists()[2]}?limit=5&{query}"
    old = [id for (id,) in rows(api, "select id from topics where subject_id = %s", chain.subject)]
    met = []
    for number, page in enumerate(pages(api, path)):
        met += page
        if number < 3:
            add(api, "topics", chain.subject)
    assert len(met) == len(set(met))
    assert set(old) <= set(met)


def test_a_cursor_fits_its_own_list_only(api: Server, school: str) -> None:
    url = api.get(f"{school}?limit=2&search=e").links["next"]["url"]
    assert "search=e" in url
    assert url.startswith("/api/")
    assert refusal(api.get(f"{url}&page=2"))[0] == 422
    assert refusal(api.get(f"{url}&sort=name"))[0] == 422


def many(api: Server, table: str, column: str, parent: str, count: int) -> None:
    """Nodes that were all made in the same moment."""
    stage = ", stage" if table == "grades" else ""
    value = ", 'primary'" if table == "grades" else ""
    api.execute(
        f"""
        insert into {table} (id, name, name_key, search_key, {column}{stage})
        select gen_random_uuid()::text, 'Row ' || n, 'row ' || n, 'row ' || n, %s{value}
        from generate_series(1, %s) n
        """,
        parent,
        count,
    )


def test_a_long_list_is_read_by_its_index(api: Server) -> None:
    """Other subjects' topics are not looked at, and neither are those beyond the page."""
    chain = add_chain(api)
    many(api, "topics", "subject_id", chain.subject, 3000)
    for _ in range(3):
        many(api, "topics", "subject_id", add_chain(api).subject, 3000)
    api.execute("vacuum analyze")
    for order, index in [
        ("created_at", "created"),
        ("sort_key", "sorted"),
        ("position", "position"),
        ("updated_at", "updated"),
    ]:
        plan = explain(
            api,
            f"""
            select t.id from topics t join subjects s on s.id = t.subject_id
            join grades g on g.id = s.grade_id join education_levels l on l.id = g.level_id
            where t.deleted_at is null and s.deleted_at is null and g.deleted_at is null
              and l.deleted_at is null
              and (t.is_active and s.is_active and g.is_active and l.is_active or s.mentor_id = 'm')
              and t.subject_id = '{chain.subject}'
            order by t.{order}, t.id limit 21
            """,
        )
        assert f"topics_{index}" in plan
        assert '"Sort"' not in plan
    assert len(ids(api.get(f"{chain.lists()[2]}?page=30&limit=100"))) == 100


def explain(api: Server, sql: str) -> str:
    """The plan where reading a whole table is not worth considering."""
    with api.db() as db:
        db.execute("set enable_seqscan = off")
        return json.dumps(db.execute(f"explain (format json) {sql}".encode()).fetchall())


def test_levels_are_searched_by_their_index(api: Server) -> None:
    api.execute(
        """
        insert into education_levels (id, name, name_key, search_key)
        select gen_random_uuid()::text, md5(n::text), md5(n::text), md5(n::text)
        from generate_series(1, 5000) n
        """,
    )
    api.execute("vacuum analyze")
    plan = explain(
        api,
        """
        select count(*) from education_levels l
        where l.deleted_at is null and (l.is_active) and l.search_key like '%c4ca4238%'
        """,
    )
    assert "education_levels_search" in plan
    assert len(ids(api.get(f"{PUBLIC}/levels?search=c4ca4238"))) == 1
    assert new_id() not in ids(api.get(f"{PUBLIC}/levels?page=50&limit=100"))
