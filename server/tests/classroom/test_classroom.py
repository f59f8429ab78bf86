"""A small class begins its lesson: with the setting for schools, and with the defaults."""

from __future__ import annotations

from tests.classroom.lesson import DEFAULTS, SHARED, advice, play, prepare
from tests.classroom.pages import play_pages
from tests.conftest import StartServer

LEARNERS = 10


async def test_a_class_can_begin_once_its_address_is_named(start_server: StartServer) -> None:
    school = start_server(SHARED)
    topic, names = prepare(school, LEARNERS)
    lesson = await play(school, topic, names)
    steps = {step: dict(statuses) for step, statuses in lesson.steps().items()}
    assert steps == {
        "sign in": {200: LEARNERS},
        "home": {200: 5 * LEARNERS},
        "topic": {200: 2 * LEARNERS},
        "film": {206: 3 * LEARNERS},
    }
    assert lesson.refusals == lesson.errors == []
    assert advice(lesson) == []
    school.stop()

    plain = start_server(DEFAULTS, folder=school.folder, database_url=school.database_url)
    refused = await play(plain, topic, names)
    assert refused.errors == []
    # Each learner makes three calls to /api/auth, of which an address has ten.
    auth = [each for each in refused.refusals if each.details["limit"] == 10]
    assert len(auth) == 3 * LEARNERS - 10
    assert {each.details["scope"] for each in refused.refusals} == {"ip"}
    hints = "\n".join(advice(refused))
    assert "AKAKO_SHARED_NETWORKS=198.51.100.7/32" in hints
    assert "AKAKO_TRUSTED_PROXIES" in hints

    # In the web app nothing has to be set: pages count per person.
    pages = await play_pages(plain, topic, names, arriving=0)
    steps = {step: dict(statuses) for step, statuses in pages.steps().items()}
    assert set(steps.pop("files")) == {200}
    assert steps == {
        "sign in": {200: 2 * LEARNERS},
        "home": {200: LEARNERS},
        "topic": {200: LEARNERS},
        "video": {206: 3 * LEARNERS},
    }
    assert pages.refusals == pages.errors == []
