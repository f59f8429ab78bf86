"""Who may see and use each page: every route of the application for every kind of visitor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from starlette.routing import Route

from akako.kernel.core.ids import new_id
from akako.web.app import AREAS
from akako.web.site import Site
from tests.education.school import add_mentor
from tests.factories import create_enrollment, create_subject, create_topic, create_user, insert
from tests.integrations.webhooks import ping, register, remove_all
from tests.learning.school import add_learner
from tests.library.school import Topic, count, put_video, upload, uploaded, video
from tests.parts.server import Server
from tests.web.page_rows import DRAFTS, FIELDS, QUERIES, ROWS, VISITORS, Statuses
from tests.web.visitor import Visitor, signed_in

ID = re.compile(r"\{(\w+)\}")
OPEN_FORMS = {"POST /sign-in", "POST /sign-out", "POST /language"}
IDS = {name for route in ROWS for name in ID.findall(route)} | {"application_id", "subject_id"}
NEEDS_FILES = re.compile(r"/media/|/documents/|/video/")
COMPOSER = {"POST /teach/topics/new", "POST /teach/topics/{topic_id}"}  # forms with files
# Choosing a person, a language or a token is the same for all; files have a test of their own.
WITHOUT_FORM_TOKEN = {
    "POST /sign-in",
    "POST /language",
    "POST /session/token",
    *COMPOSER,
}
LOCKED = "GET /topics/{topic_id}"  # a page of its own, which offers the request
Ids = dict[str, str]


def page_routes() -> list[str]:
    """Return method and path of every page, as the application serves them."""
    nothing: Any = None
    site = Site(
        db=nothing,
        limiter=nothing,
        load_account=nothing,
        arrive=nothing,
        keys=nothing,
        address=nothing,
        dependencies=nothing,
        directory=None,
        production=False,
    )
    routes: list[Route] = [route for area in AREAS for route in area.routes(site)]
    return [
        f"{method} {route.path}"
        for route in routes
        for method in sorted((route.methods or set()) - {"HEAD"})
    ]


class World:
    """The visitors, and things of the enrolled learner and of the mentor, made anew each time."""

    def __init__(self, api: Server) -> None:
        self.api = api
        for who in ("mentor", "admin"):
            path = f"/api/users/{api.user_id(who)}/roles?role=LEARNER"
            assert api.delete(path, as_="admin").status_code == 200
        self.mentor_id = api.user_id("mentor")
        self.enrolled = add_learner(api)
        other, _ = add_mentor(api, "elsewhere")
        self.people = {
            "outsider": add_learner(api).clerk_id,
            "enrolled": self.enrolled.clerk_id,
            "other mentor": other,
            "mentor": "user_mentor",
            "admin": "user_admin",
        }
        self.visitors = {who: signed_in(api, id_) for who, id_ in self.people.items()}
        self.tokens = {who: visitor.token() for who, visitor in self.visitors.items()}
        self.visitors["anonymous"] = Visitor(api)
        self.tokens["anonymous"] = ""

    def make(self, *, draft: bool = False) -> Ids:
        """Make a subject with a topic, its files, a note, requests and a user; return their ids."""
        with self.api.db() as db:
            subject = create_subject(db, mentor_id=self.mentor_id)
            topic = create_topic(db, subject_id=subject.id, active=not draft)
            learns = {"user_id": self.enrolled.id, "subject_id": subject.id}
            create_enrollment(db, status="APPROVED", **learns)
            asked = create_subject(db)
            user_id = create_user(db).id
            request = create_enrollment(db, user_id=self.enrolled.id, subject_id=asked.id)
            application, note, session = new_id(), new_id(), new_id()
            insert(db, "mentor_applications", id=application, user_id=user_id, motivation="Yes")
            noted = create_topic(db, subject_id=subject.id)
            written = {"user_id": self.enrolled.id, "topic_id": noted.id, "search_key": ""}
            shared = {"content": "Why?", "shared_with_mentor": True, "shared_at": "now"}
            shared |= {"reply_content": "So.", "replied_at": "now"}
            insert(db, "notes", id=note, **written, **shared)
            opened = {"user_id": self.enrolled.id, "form_token": "x", "user_agent": ""}
            insert(db, "web_sessions", id_hash=session.encode(), public_id=session, **opened)
        return {
            "level_id": subject.level_id,
            "grade_id": subject.grade_id,
            "subject_id": subject.id,
            "topic_id": topic.id,
            "document_id": new_id(),
            "enrollment_id": request,
            "application_id": application,
            "note_id": note,
            "public_id": session,
            "user_id": user_id,
            "node_id": subject.level_id,
            "file": "storage.csv",
        }

    def prepare(self, route: str, ids: Ids) -> None:
        """Make what only some of the pages need."""
        if NEEDS_FILES.search(route):
            self.store_files(ids)
        if "{endpoint_id}" in route:
            remove_all(self.api)
            endpoint = register(self.api, "https://hooks.example", isActive=False)
            ids["endpoint_id"], ids["delivery_id"] = endpoint["id"], ping(self.api, endpoint)
        if "{note_id}" in route:  # the page shows the oldest notes first
            self.api.execute("delete from notes where id <> %s", ids["note_id"])
        if route.endswith("/restore"):
            gone = f"topics/{ids['topic_id']}?force=true"
            if "{kind}" in route:
                gone = f"levels/{ids['level_id']}?force=true"
            elif "{document_id}" in route:
                gone = f"topics/{ids['topic_id']}/documents/{ids['document_id']}"
            path = f"/api/admin/education/{gone}"
            assert self.api.delete(path, as_="admin").status_code == 200

    def store_files(self, ids: Ids) -> None:
        """Store a document and a video of the topic."""
        uploaded(put_video(self.api, Topic(ids["topic_id"], ids["subject_id"]), video(1)))
        ids["document_id"] = uploaded(upload(self.api, ids["topic_id"]))["id"]

    def ask(self, route: str, who: str, ids: Ids) -> httpx2.Response:
        """Open the page or send its form, with a fresh session where the form ends it."""
        method, template = route.split(" ")
        ids = ids | {"kind": "levels"}
        path = template.format_map(ids) + QUERIES.get(route, "").format_map(ids)
        visitor = self.visitors[who]
        if method == "GET":
            return visitor.get(path)
        token = self.tokens[who]
        if template in ("/sign-in", "/sign-out"):  # a session of its own, which begins or ends
            visitor = Visitor(self.api)
            if who != "anonymous":
                visitor = signed_in(self.api, self.people[who])
                token = visitor.token()
        fields = {name: text.format_map(ids) for name, text in FIELDS.get(route, {}).items()}
        files = {"files": ("a.txt", b"Two and two.")} if route in COMPOSER else None
        return visitor.client.post(
            path,
            data={"form_token": token, **fields},
            files=files,
            headers={"Origin": self.api.url},
        )


@pytest.fixture(scope="module")
def world(api: Server) -> Iterator[World]:
    made = World(api)
    yield made
    for visitor in made.visitors.values():
        visitor.client.close()


def check(world: World, route: str, expected: Statuses, *, draft: bool = False) -> None:
    """Refused visitors come first, on the same things; each permitted one gets things anew."""
    refused = world.make(draft=draft)
    world.prepare(route, refused)
    found = {}
    for who, status in sorted(zip(VISITORS, expected, strict=True), key=lambda each: -each[1]):
        ids = refused
        if status < 400 and route.startswith("POST"):
            ids = world.make(draft=draft)
            world.prepare(route, ids)
        response = world.ask(route, who, ids)
        found[who] = response.status_code
        if who == "anonymous" and status == 303 and route not in OPEN_FORMS:
            assert response.headers["location"].startswith("/sign-in?next="), route
        if status == 404 or (status == 403 and route != LOCKED):
            assert response.headers["x-request-id"] in response.text, route
    assert [found[who] for who in VISITORS] == list(expected)


@pytest.mark.parametrize("route", ROWS)
def test_each_visitor_gets_what_the_row_says(world: World, route: str) -> None:
    check(world, route, ROWS[route])


@pytest.mark.parametrize("route", DRAFTS)
def test_drafts_are_for_their_staff(world: World, route: str) -> None:
    check(world, route, DRAFTS[route], draft=True)


@pytest.mark.parametrize("route", [each for each in ROWS if ID.search(each)])
def test_unknown_ids_are_refused(world: World, route: str) -> None:
    """Without rights the answer is that for existing things; with them it is 404."""
    unknown = dict.fromkeys(IDS, new_id()) | {"file": "unknown.csv"}
    statuses = {who: world.ask(route, who, unknown).status_code for who in VISITORS}
    allowed = {303, 403, 404, 409}
    assert set(statuses.values()) <= allowed, statuses
    if statuses["anonymous"] == 303:
        assert not {200} & set(statuses.values())


def test_a_session_of_another_person_goes_on(world: World) -> None:
    ids = world.make()
    route = "POST /me/sessions/{public_id}/end"
    for who in ("outsider", "mentor", "admin", "enrolled"):
        world.ask(route, who, ids)
        sql = "select count(*) from web_sessions where public_id = %s"
        assert count(world.api, sql, ids["public_id"]) == int(who != "enrolled"), who


def test_every_page_has_a_row() -> None:
    """A new page needs a row in `page_rows.py`."""
    routes = page_routes()
    assert sorted(routes) == sorted(ROWS)
    assert FIELDS.keys() | QUERIES.keys() | DRAFTS.keys() <= ROWS.keys()


def test_every_form_needs_its_token(world: World) -> None:
    """A form without the token of the session changes nothing, for any page that has one."""
    ids = world.make()
    for route in ROWS:
        method, template = route.split(" ")
        if method == "GET" or route in WITHOUT_FORM_TOKEN:
            continue
        for who in ("mentor", "admin"):
            path = template.format_map(dict.fromkeys(IDS, "x") | ids | {"kind": "levels"})
            response = world.visitors[who].post(path, form_token="x")
            assert response.status_code == 403, (route, who, response.status_code)
