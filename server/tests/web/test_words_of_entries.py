"""Audit entries in words: fields, values and names instead of codes and ids."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from akako.web import languages
from akako.web.staff.people.fields import field_name, field_value
from tests.learning.school import add_learner, add_subject
from tests.parts.server import Server
from tests.web.visitors import Visitor

FRENCH = {"Accept-Language": "fr"}


class Reader:
    """What the functions need of a visit."""

    language = "en"

    def text(self, text: str, **values: object) -> str:
        translated = languages.translations(self.language).gettext(text)
        return translated % values if values else translated


def shown(code: str, value: object) -> str:
    reader: Any = Reader()
    reader.visitor = reader
    return field_value(reader, code, value, {"1": "Algebra", "2": "Ama"})


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        ("isActive", True, "Yes"),
        ("isActive", False, "No"),
        ("description", None, ""),
        ("description", "", ""),
        ("position", 0, "0"),
        ("subjectId", "1", "Algebra"),
        ("topicIds", ["1", "3"], "Algebra, 3"),
        ("decidedBy", "2", "Ama"),
        ("status", "SUSPENDED", "Suspended"),
        ("status", "PENDING", "Waiting"),
        ("roles", ["ADMIN", "LEARNER"], "Administrator, Learner"),
        ("level", "secondary", "Secondary"),
        ("decidedAt", "2026-03-01T10:30:00.250000Z", "1 March 2026, 10:30 UTC"),
        ("name", "1", "1"),
        ("content", {"length": 900, "sha256": "0"}, "900 characters"),
        ("size", 2048, "2 KB"),
        ("changed", ["file_name", "description"], "File name, Description"),
        ("tags", [1], "[1]"),
    ],
)
def test_values_in_words(code: str, value: object, expected: str) -> None:
    assert shown(code, value) == expected


@pytest.mark.parametrize(
    ("language", "code", "resource", "expected"),
    [
        ("en", "isActive", "topic", "Visible"),
        ("en", "isActive", "webhook_endpoint", "Active"),
        ("fr", "gradeId", "subject", "Classe"),
        ("en", "retryCount", "", "Retry count"),
        ("en", "is_published", "", "Is published"),
    ],
)
def test_names_of_fields(language: str, code: str, resource: str, expected: str) -> None:
    assert field_name(language, code, resource) == expected


@pytest.fixture(scope="module")
def admin(api: Server) -> Visitor:
    return Visitor(api, "user_admin")


def entry(visitor: Visitor, about: str, **headers: str) -> str:
    """Return the text of the latest entry about a thing."""
    page = visitor.client.get(f"/admin/audit?about={about}", headers=headers).text
    found = re.findall(r'<li class="entry">.*?</li>', page, re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", found[0]))).strip()


@pytest.mark.processes
def test_a_changed_subject_shows_words_and_names(api: Server, admin: Visitor) -> None:
    subject_id, _ = add_subject(api, name="Astronomy")
    mentor = api.user_id("mentor")
    api.execute("update users set first_name = 'Esi', last_name = 'Owusu' where id = %s", mentor)
    path = f"/api/admin/education/subjects/{subject_id}"
    for changes in ({"mentorId": None}, {"isActive": False, "mentorId": mentor}):
        assert api.put(path, as_="admin", json=changes).is_success
    english = entry(admin, subject_id)
    assert "Visible: Yes → No" in english
    assert "Mentor: – → Esi Owusu" in english
    assert "isActive" not in english
    assert "mentorId" not in english
    french = entry(admin, subject_id, **FRENCH)
    assert "Visible : Oui → Non" in french
    assert "About Astronomy" in admin.get(f"/admin/audit?about={subject_id}").text


@pytest.mark.processes
def test_a_decision_names_people_and_subject(api: Server, admin: Visitor) -> None:
    subject_id, _ = add_subject(api, name="Botany")
    learner = add_learner(api)
    body = {"subjectId": subject_id}
    made = api.post("/api/enrollment/request", as_=learner.clerk_id, json=body).json()["data"]
    approve = f"/api/admin/enrollment/{made['id']}/approve"
    assert api.put(approve, as_="admin").is_success
    api.execute("update users set first_name = 'Kofi', last_name = 'Boa' where id = %s", learner.id)
    text = entry(admin, made["id"])
    assert text.startswith("Enrollment approved : Kofi Boa, Botany")
    assert "Status Waiting Approved" in text
    assert "Decided by – " in text
    assert api.user_id("admin") not in text
    figures = admin.get("/admin/analytics").text
    assert "half were answered within an hour in the last week with answers" in figures


@pytest.mark.processes
@pytest.mark.parametrize(
    ("query", "english", "french"),
    [
        (
            "from=2026-02-02&to=2026-01-01",
            "The range ends before it begins. Choose a first day",
            "La période se termine avant de commencer.",
        ),
        ("from=soon", "“soon” is not a date from 1970 on. Enter a date", "n’est pas une date"),
    ],
)
@pytest.mark.parametrize("path", ["/admin/analytics", "/admin/audit"])
def test_an_unusable_range_says_what_to_do(
    admin: Visitor, path: str, query: str, english: str, french: str
) -> None:
    answer = admin.get(f"{path}?{query}")
    assert (answer.status_code, english in unescape(answer.text)) == (422, True)
    assert answer.text.count('role="status"') == 1
    assert 'href="#from"' in answer.text
    translated = admin.client.get(f"{path}?{query}", headers=FRENCH)
    assert french in unescape(translated.text)


@pytest.mark.processes
def test_a_range_that_is_too_long_says_how_long_it_may_be(admin: Visitor) -> None:
    answer = admin.get("/admin/analytics?from=2020-01-01&to=2026-01-01")
    assert (answer.status_code, "more than 400 days" in answer.text) == (422, True)


@pytest.mark.processes
@pytest.mark.parametrize(
    ("dates", "english", "french"),
    [
        ({"starts": "2020-01-01"}, "can begin between today", "peut commencer entre"),
        ({"ends": "2020-01-01"}, "Choose a later last day", "un dernier jour plus tardif"),
        ({"starts": "soon"}, "This is not a date", "Ce n’est pas une date"),
    ],
)
def test_dates_of_a_role_that_cannot_be_used(
    api: Server, admin: Visitor, dates: dict[str, str], english: str, french: str
) -> None:
    path = f"/admin/people/{add_learner(api).id}/roles"
    for text, language in ((english, "en"), (french, "fr")):
        headers = {"Origin": admin.origin, "Accept-Language": language}
        fields = {"form_token": admin.form_token, "role": "MENTOR", **dates}
        refused = admin.client.post(path, data=fields, headers=headers)
        assert (refused.status_code, text in unescape(refused.text)) == (422, True)
