"""Details of the administrator's pages: invitations, large grades, actions in words, filters."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest

from akako.web.staff.curriculum.queries import MAX_SUBJECTS
from akako.web.staff.people import actions
from akako.web.texts.wording import _ago
from tests.education.school import add
from tests.factories import create_subject
from tests.parts.server import Server
from tests.web.queues import add_waiting
from tests.web.visitors import Visitor

FRENCH = {"Accept-Language": "fr"}
MORE = 3


@pytest.fixture(scope="module")
def admin(api: Server) -> Visitor:
    return Visitor(api, "user_admin")


@pytest.fixture
def large(api: Server) -> Iterator[str]:
    """A grade with more subjects than a page shows; it is deleted at the end."""
    with api.db() as db:
        grade = create_subject(db, name="Subject 0").grade_id
        db.execute(
            "insert into subjects (id, name, name_key, search_key, sort_key, grade_id) "
            "select %s || n, 'Subject ' || n, 'subject ' || n, 'subject ' || n, "
            "'subject ' || lpad(n::text, 4, '0'), %s from generate_series(1, %s) n",
            (f"large{grade[-8:]}", grade, MAX_SUBJECTS + MORE - 1),
        )
    yield grade
    api.execute("update subjects set deleted_at = now() where grade_id = %s", grade)


def subjects(page: str, grade: str) -> list[str]:
    """Return the ids of the subjects that the page shows below a grade."""
    branch = page.partition(f'data-branch="{grade}"')[2].partition(f'data-parent="{grade}"')[0]
    return re.findall(r'<li class="node subjects" id="n-(\w+)"', branch)


def test_a_large_grade_says_how_much_it_shows(admin: Visitor, large: str) -> None:
    page = admin.get(f"/admin/curriculum?open={large}").text
    first = subjects(page, large)
    assert len(first) == MAX_SUBJECTS
    assert f"{MAX_SUBJECTS} of {MAX_SUBJECTS + MORE} subjects are shown." in page
    following = re.search(r'href="([^"]+)">Next subjects', page)
    assert following
    page = admin.get(html.unescape(following[1])).text
    rest = subjects(page, large)
    assert (len(rest), len({*first, *rest})) == (MORE, MAX_SUBJECTS + MORE)
    assert "Previous subjects" in page
    assert "Next subjects" not in page


def test_an_opened_subject_is_shown_although_it_is_among_the_last(
    admin: Visitor, large: str
) -> None:
    last = subjects(admin.get(f"/admin/curriculum?open={large}&part=2").text, large)[-1]
    page = admin.get(f"/admin/curriculum?edit={last}").text
    assert last in subjects(page, large)
    assert f'action="/admin/curriculum/subjects/{last}"' in page


def test_the_set_up_list_explains_how_people_join(api: Server, admin: Visitor) -> None:
    closed = admin.get("/admin/people").text
    assert '<details class="card invite" id="invite">' in closed
    page = admin.get("/admin/people?invite=1").text
    assert '<details class="card invite" id="invite" open>' in page
    assert f'readonly value="{api.url}/sign-in"' in page


def test_ids_are_unique(api: Server, admin: Visitor) -> None:
    """Two parts with one id would get each other's labels and announcements."""
    api.execute("update users set plan = 'ENTERPRISE' where clerk_id = 'user_admin'")
    url = {"url": "https://example.com/bell", "events": "*"}
    endpoint = re.findall(
        r'action="(/admin/integrations/\w+)/ping"', admin.send("/admin/integrations", url).text
    )[0]
    person = f"/admin/people/{api.user_id('mentor')}"
    names = ("", "/requests", "/mentors", "/people", "/curriculum", "/analytics", "/audit")
    paths = [*(f"/admin{name}" for name in names), person, "/admin/integrations", endpoint]
    for path in (*paths, "/admin/usage"):
        page = re.sub(r"(?s)<template.*?</template>", "", admin.get(path).text)
        found = re.findall(r'\sid="([^"]+)"', page)
        assert sorted(found) == sorted(set(found)), path
    admin.send(f"{endpoint}/delete")


def test_an_age_has_a_direction() -> None:
    """No time ago would read "in 0 seconds"."""
    assert [_ago("en", seconds) for seconds in (0, 1, 61)] == [
        "1 second ago",
        "1 second ago",
        "1 minute ago",
    ]


def test_audit_entries_are_in_the_language_of_the_page(api: Server, admin: Visitor) -> None:
    add(api, "levels", name="Évaluations")
    page = admin.client.get("/admin/audit", headers=FRENCH)
    assert "Niveau : création" in page.text
    assert "Education level created" not in page.text
    assert "Education level created" in admin.get("/admin/audit").text


@pytest.mark.parametrize(
    ("code", "english", "french"),
    [
        ("user_role.assigned", "User role assigned", "Rôle : attribution"),
        ("subject.topics_reordered", "Subject topics reordered", "Ordre des leçons modifié"),
        ("GET /api/users", "GET /api/users", "GET /api/users"),
        ("new_thing.did_happen", "New thing did happen", "New thing did happen"),
    ],
)
def test_an_action_has_words(code: str, english: str, french: str) -> None:
    assert (actions.action("en", code), actions.action("fr", code)) == (english, french)


def test_filters_escape_names_and_keep_the_choice(api: Server, admin: Visitor) -> None:
    made = add_waiting(api, 1, subject='<b>"Art" & Craft</b>')
    page = admin.get(f"/admin/requests?subject={made.subject_id}&grade={made.grade_id}").text
    name = "&lt;b&gt;&#34;Art&#34; &amp; Craft&lt;/b&gt;"
    assert f'<option value="{made.subject_id}" selected>{name}</option>' in page
    assert f'<option value="{made.grade_id}" selected>' in page
    assert page.count(" selected>") == 2
    assert admin.get("/admin/requests").text.count(" selected>") == 0


def test_a_renamed_subject_has_its_new_name_in_the_filters(api: Server, admin: Visitor) -> None:
    made = add_waiting(api, 1, subject="Chemistry before")
    assert ">Chemistry before</option>" in admin.get("/admin/requests").text
    api.execute("update subjects set name = 'Chemistry after' where id = %s", made.subject_id)
    page = admin.get("/admin/requests").text
    assert ">Chemistry after</option>" in page
    assert ">Chemistry before</option>" not in page
