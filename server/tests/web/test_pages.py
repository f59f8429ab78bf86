"""Pages over HTTP: headers, errors, languages, and what each page offers."""

from __future__ import annotations

import json
import re

import pytest

from tests.education.school import enroll
from tests.factories import create_subject
from tests.learning.school import add_learner, add_subject
from tests.library.school import Topic, put_video, upload, uploaded
from tests.parts.samples import sample
from tests.parts.server import Server
from tests.web.visitor import Visitor, signed_in

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
PUBLIC = ("/browse", "/sign-in", "/developers", "/developers/components")
PERSONAL = ("/home", "/requests", "/mentor/apply", "/me", "/notes", "/notifications", "/sign-out")


@pytest.fixture(scope="module")
def learner(api: Server) -> Visitor:
    return signed_in(api, "learner")


def test_every_page_has_the_frame_and_the_headers(learner: Visitor) -> None:
    for path in (*PUBLIC, *PERSONAL):
        response = learner.get(path)
        assert response.status_code == 200, path
        assert response.headers["content-security-policy"] == POLICY, path
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "same-origin"
        text = response.text
        (heading,) = re.findall(r"<h1>(.*?)</h1>", text)
        assert f"<title>{heading}" in text, path
        assert text.count('role="status"') == 1, path
        assert "<script>" not in text, path
        assert " style=" not in text, path
        times = re.findall("<time[^>]*>", text)
        assert all("datetime=" in each and "title=" in each for each in times)


def test_anonymous_visitors_see_the_school_and_are_asked_to_sign_in(api: Server) -> None:
    visitor = Visitor(api)
    assert {visitor.get(path).status_code for path in ("/", *PUBLIC)} == {200}
    for path in PERSONAL[:-1]:
        response = visitor.get(path)
        assert (response.status_code, response.headers["location"]) == (
            303,
            f"/sign-in?next={path}",
        )


def test_signed_in_people_start_at_home(learner: Visitor) -> None:
    response = learner.get("/")
    assert (response.status_code, response.headers["location"]) == (303, "/home")


def test_unknown_paths_are_pages_for_browsers_and_json_for_programs(learner: Visitor) -> None:
    page = learner.get("/nowhere")
    assert page.status_code == 404
    assert page.headers["x-request-id"] in page.text
    api = learner.get("/api/nowhere")
    assert (api.status_code, api.json()["code"]) == (404, "NOT_FOUND")
    program = learner.get("/nowhere", Accept="application/json")
    assert program.json()["success"] is False


@pytest.mark.parametrize(
    "path", ["/subjects/x", "/browse/levels/x", "/browse/grades/x", "/topics/x"]
)
def test_unknown_ids_are_not_found(learner: Visitor, path: str) -> None:
    response = learner.get(path)
    assert response.status_code == 404
    assert response.headers["x-request-id"] in response.text


def test_a_learner_requests_and_withdraws(api: Server) -> None:
    with api.db() as db:
        made = create_subject(db)
    visitor = signed_in(api, add_learner(api).clerk_id)
    path = f"/subjects/{made.id}"
    assert "Request to enroll" in visitor.get(path).text
    assert visitor.submit(f"{path}/request").headers["location"] == path
    page = visitor.get(path).text
    assert "Requested" in page
    withdraw = re.search(r'action="(/requests/[^"]+/withdraw)"', page)
    assert withdraw
    assert "Withdraw" in visitor.get("/requests").text
    assert visitor.submit(withdraw[1]).headers["location"] == "/requests"
    assert "Withdrawn" in visitor.get("/requests").text


def test_a_request_twice_is_a_page_that_explains(api: Server) -> None:
    with api.db() as db:
        made = create_subject(db)
    visitor = signed_in(api, add_learner(api).clerk_id)
    visitor.submit(f"/subjects/{made.id}/request")
    again = visitor.submit(f"/subjects/{made.id}/request")
    assert again.status_code == 409
    assert again.headers["x-request-id"] in again.text


def test_media_are_the_streams_of_the_api(api: Server) -> None:
    subject_id, (topic_id,) = add_subject(api)
    learner = add_learner(api, subject_id)
    topic = Topic(topic_id, subject_id)
    video = sample("mp4")
    uploaded(put_video(api, topic, video))
    document = uploaded(upload(api, topic, "Worksheet.txt", b"one half"))
    visitor, other = signed_in(api, learner.clerk_id), signed_in(api, api.user("outside"))
    path = f"/media/topics/{topic_id}/video"
    assert visitor.get(path).content == video
    part = visitor.get(path, Range="bytes=2-5")
    assert (part.status_code, part.content) == (206, video[2:6])
    assert visitor.get(f"/media/documents/{document['id']}").content == b"one half"
    for each in (path, f"/media/documents/{document['id']}"):
        assert other.get(each).status_code == 403
        assert Visitor(api).get(each).status_code == 303


def test_languages(api: Server) -> None:
    french = Visitor(api, **{"Accept-Language": "fr-CA, en;q=0.5"})
    assert '<html lang="fr"' in french.get("/browse").text
    assert '<html lang="en"' in Visitor(api, **{"Accept-Language": "de"}).get("/browse").text
    chosen = signed_in(api, "learner")
    assert chosen.submit("/language", language="fr", next="/me").headers["location"] == "/me"
    assert '<html lang="fr"' in chosen.get("/me").text
    chosen.submit("/language", language="xx", next="//evil.example")
    assert '<html lang="fr"' in chosen.get("/me").text


def test_names_are_changed_and_data_downloaded(api: Server) -> None:
    clerk_id = api.user("renamed")
    visitor = signed_in(api, clerk_id)
    assert visitor.submit("/me", first_name="Abena", last_name="Osei").status_code == 303
    profile = api.get("/api/auth/profile", as_=clerk_id).json()["data"]
    assert (profile["firstName"], profile["lastName"]) == ("Abena", "Osei")
    data = visitor.get("/me/data")
    assert data.headers["content-disposition"].startswith("attachment")
    assert json.loads(data.text)["data"]


def test_learners_apply_as_mentors(api: Server) -> None:
    visitor = signed_in(api, add_learner(api).clerk_id)
    wrong = visitor.submit("/mentor/apply", motivation="")
    assert wrong.status_code == 422
    sent = visitor.submit("/mentor/apply", motivation="I have taught mathematics for years.")
    assert sent.headers["location"] == "/mentor/apply"
    assert "Waiting for a decision" in visitor.get("/mentor/apply").text
    assert "Mentor application" in visitor.get("/requests").text


def test_static_files_are_compressed_and_immutable(api: Server) -> None:
    visitor = Visitor(api)
    page = visitor.get("/browse").text
    names = set(re.findall(r'"(/static/[^"#]+)', page))
    assert len(names) >= 3
    for name in names:
        response = visitor.get(name)
        assert response.status_code == 200
        assert re.fullmatch(r"/static/\w+-[0-9a-f]{8,}\.\w+", name)
        assert "immutable" in response.headers["cache-control"]
        assert response.headers["content-encoding"] == "gzip"
    assert visitor.get("/static/manifest.json").status_code == 404
    assert visitor.get("/static/..%2Fapp.py").status_code == 404


def test_enrolled_subjects_are_tagged(api: Server) -> None:
    with api.db() as db:
        made = create_subject(db)
    learner = add_learner(api)
    enroll(api, made.id, learner.id)
    assert (
        "Enrolled" in signed_in(api, learner.clerk_id).get(f"/browse/grades/{made.grade_id}").text
    )


def test_pages_do_not_count_as_api_requests(api: Server) -> None:
    clerk_id = api.user("reader")
    visitor = signed_in(api, clerk_id)
    before = api.get("/api/auth/quota", as_=clerk_id).json()["data"]["apiCalls"]["used"]
    for _ in range(5):
        visitor.get("/home")
    after = api.get("/api/auth/quota", as_=clerk_id).json()["data"]["apiCalls"]["used"]
    assert after - before <= 1
