"""Captions of a video: the player shows them, and nothing in them can do harm."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.education.school import enroll
from tests.learning.school import add_learner, add_subject
from tests.library.school import Topic, put_video, upload, uploaded
from tests.parts.awake import AwakeClock
from tests.parts.browser import overflow, take_picture, violations
from tests.parts.server import Server
from tests.uploads import tus
from tests.web.lessons import film, sign_in, wait_for
from tests.web.visitor import signed_in
from tests.web.windows import DESKTOP

pytestmark = pytest.mark.processes

WINDOW = DESKTOP

CUES = "\n".join(f"00:{n:02}.000 --> 00:{n + 1:02}.000\nLine {n}\n" for n in range(20))
WEBVTT = f"WEBVTT\n\n{CUES}".encode()
HOSTILE = b"""WEBVTT

STYLE
::cue { background-image: url(https://attacker.example/pixel.png); }

00:00.000 --> 00:19.000
<script>window.hacked = 1</script><img src=x onerror="window.hacked = 2">
<c.x onclick="window.hacked = 3">Hello</c> <v Eve<b>there</b></v>
"""
PLAYED = "document.querySelector('video')?.currentTime > 0.5"
LOADED = "[...document.querySelectorAll('track')].filter(each => each.readyState === 2)"


class Captioned:
    """A topic with a video, for one learner."""

    def __init__(self, api: Server, folder: Path) -> None:
        subject, [topic] = add_subject(api)
        self.topic = Topic(topic, subject)
        self.path = f"/topics/{topic}"
        self.learner = add_learner(api, subject).clerk_id
        uploaded(put_video(api, self.topic, film(folder)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("film")


@pytest.fixture
def captioned(api: Server, folder: Path) -> Captioned:
    return Captioned(api, folder)


def play(page: Page) -> None:
    page.locator("video").evaluate("video => { video.muted = true; void video.play(); }")
    wait_for(page, PLAYED)


def test_the_player_shows_the_captions_of_the_page_s_language(
    api: Server, page: Page, captioned: Captioned
) -> None:
    names = ["lesson.fr.vtt", "lesson-pt-BR.vtt", "lesson.vtt", "worksheet.txt"]
    made = [uploaded(upload(api, captioned.topic, name, WEBVTT)) for name in names]
    sign_in(page, api, captioned.learner, captioned.path)
    tracks = page.locator("track").evaluate_all(
        "all => all.map(each => [each.kind, each.srclang, each.label, each.default])"
    )
    assert tracks == [
        ["captions", "fr", "Français", False],
        ["captions", "pt-BR", "Português (Brasil)", False],
        ["captions", "en", "English", True],
    ]
    play(page)
    wait_for(page, f"{LOADED}.length === 1")
    assert page.evaluate(f"{LOADED}.map(each => [each.srclang, each.track.cues.length])") == [
        ["en", 20]
    ]
    assert page.evaluate(f"{LOADED}[0].track.activeCues[0].text").startswith("Line ")
    page.get_by_text("Captions: Français, Português (Brasil), English").click()
    links = page.get_by_role("link", name=re.compile(r"^Download .* \(VTT, \d+ bytes\)$"))
    expect(links).to_have_count(3)
    expect(links.first).to_have_attribute("href", f"/media/documents/{made[0]['id']}")
    # Captions are no documents that a learner has to open.
    expect(page.locator(".documents li")).to_have_count(1)
    assert not violations(page)
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 800})
        assert overflow(page) <= 0
        take_picture(page, f"topic-captions-{width}")


def test_the_chosen_captions_are_kept(
    api: Server, page: Page, captioned: Captioned, folder: Path
) -> None:
    for name in ("a.en.vtt", "b.fr.vtt"):
        uploaded(upload(api, captioned.topic, name, WEBVTT))
    sign_in(page, api, captioned.learner, captioned.path)
    modes = "[...document.querySelector('video').textTracks].map(each => each.mode)"
    wait_for(page, f"{modes}.join() === 'showing,disabled'")
    choose = (
        "video => ['disabled', 'showing'].forEach((mode, n) => video.textTracks[n].mode = mode)"
    )
    chosen = (
        "JSON.parse(Object.entries(localStorage)"
        ".find(([key]) => key.endsWith(':captions'))?.[1] ?? 'null')"
    )
    page.locator("video").evaluate(choose)
    wait_for(page, f"{chosen} === 'fr'")
    page.reload()
    wait_for(page, f"{modes}.join() === 'disabled,showing'")
    other = Captioned(api, folder)  # has no captions in the chosen language
    uploaded(upload(api, other.topic, "c.en.vtt", WEBVTT))
    enroll(api, other.topic.subject_id, api.user_id(captioned.learner))
    page.goto(f"{api.url}{other.path}")
    wait_for(page, f"{modes}.join() === 'showing'")
    page.wait_for_timeout(300)
    page.goto(f"{api.url}{captioned.path}")
    wait_for(page, f"{modes}.join() === 'disabled,showing'")
    page.locator("video").evaluate("video => { video.textTracks[1].mode = 'disabled'; }")
    wait_for(page, f"{chosen} === 'off'")
    page.reload()
    wait_for(page, "document.documentElement.classList.contains('loaded')")
    assert page.evaluate(modes) == ["disabled", "disabled"]


def test_two_captions_of_one_language_have_their_names(api: Server, captioned: Captioned) -> None:
    for name in ("slow.fr.vtt", "quick.fr.vtt", "how-to.vtt"):
        uploaded(upload(api, captioned.topic, name, WEBVTT))
    text = signed_in(api, captioned.learner).get(captioned.path, **{"Accept-Language": "fr"}).text
    assert 'srclang="fr" label="slow.fr.vtt"' in text
    assert 'srclang="fr" label="quick.fr.vtt"' in text
    assert 'srclang="fr" label="how-to.vtt"' in text  # the language of the page
    assert text.count(" default>") == 1


def test_captions_are_protected_as_documents_are(api: Server, captioned: Captioned) -> None:
    made = uploaded(upload(api, captioned.topic, "lesson.fr.vtt", WEBVTT))
    path = f"/media/documents/{made['id']}"
    answer = signed_in(api, captioned.learner).get(path)
    assert answer.content == WEBVTT
    assert answer.headers["content-type"] == "text/vtt; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    part = signed_in(api, captioned.learner).get(path, Range="bytes=0-5")
    assert (part.status_code, part.content) == (206, b"WEBVTT")
    assert signed_in(api, add_learner(api).clerk_id).get(path).status_code == 403
    link = api.post(f"/api/s3/document/{made['id']}/link", as_=captioned.learner).json()["data"]
    linked = api.get(link["url"])
    assert (linked.status_code, linked.content) == (200, WEBVTT)
    assert linked.headers["content-type"] == "text/vtt; charset=utf-8"


def test_a_media_link_is_a_track(api: Server, page: Page, captioned: Captioned) -> None:
    made = uploaded(upload(api, captioned.topic, "lesson.fr.vtt", WEBVTT))
    link = api.post(f"/api/s3/document/{made['id']}/link", as_=captioned.learner).json()["data"]
    page.goto(f"{api.url}/sign-in")
    page.evaluate(
        """url => {
            const video = document.body.appendChild(document.createElement('video'));
            const track = video.appendChild(document.createElement('track'));
            track.src = url;
            track.track.mode = 'showing';
        }""",
        link["url"],
    )
    wait_for(page, "document.querySelector('track').readyState === 2")
    assert page.evaluate("document.querySelector('track').track.cues.length") == 20


def test_hostile_captions_do_no_harm(api: Server, page: Page, captioned: Captioned) -> None:
    uploaded(upload(api, captioned.topic, "lesson.en.vtt", HOSTILE))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    sign_in(page, api, captioned.learner, captioned.path)
    play(page)
    wait_for(page, f"{LOADED}.length === 1 && {LOADED}[0].track.activeCues.length === 1")
    page.wait_for_timeout(500)
    assert page.evaluate("window.hacked") is None
    assert all(each.startswith((api.url, "data:")) for each in asked), asked


def test_the_largest_captions_do_not_stop_the_page(
    api: Server, page: Page, captioned: Captioned, awake: AwakeClock
) -> None:
    at_once = b"00:00.000 --> 00:19.000\n" + b"<b>" * 670 + b"x\n\n"
    full = b"WEBVTT\n\n" + at_once * 16
    full += b"".join(
        f"{n // 60:02}:{n % 60:02}.000 --> {n // 60:02}:{n % 60:02}.500\nx\n\n".encode()
        for n in range(20, 3600)
    )
    uploaded(upload(api, captioned.topic, "lesson.en.vtt", full))
    for refused, status in ((full + at_once, 415), (full + b"\n" * 1024 * 1024, 413)):
        assert upload(api, captioned.topic, "a.fr.vtt", refused).status_code == status
    sign_in(page, api, captioned.learner, captioned.path)
    play(page)
    wait_for(page, f"{LOADED}.length === 1")
    started = awake()
    page.get_by_label("Share with mentor").check()
    assert awake() - started < 10


def test_a_topic_is_complete_without_opening_its_captions(
    api: Server, captioned: Captioned
) -> None:
    sheet = uploaded(upload(api, captioned.topic, "worksheet.txt"))
    uploaded(upload(api, captioned.topic, "lesson.fr.vtt", WEBVTT))
    done = {"durationSeconds": 20, "watched": [[0, 20]], "documentsOpened": [sheet["id"]]}
    path = f"/api/progress/topics/{captioned.topic.id}"
    progress = api.put(path, as_=captioned.learner, json=done).json()["data"]
    assert progress["status"] == "COMPLETED"
    subject = signed_in(api, captioned.learner).get(f"/subjects/{captioned.topic.subject_id}").text
    assert "1 document<" in subject  # as the topic's page lists them


def test_captions_that_are_too_large_are_refused_before_their_upload(
    api: Server, captioned: Captioned
) -> None:
    metadata = tus.plan(captioned.topic, filename="lesson.vtt", filetype="text/vtt")
    refused = tus.create(api, 1024 * 1024 + 1, metadata)
    assert (refused.status_code, refused.json()["details"]["limitBytes"]) == (413, 1024 * 1024)
    assert tus.create(api, 1024 * 1024, metadata).status_code == 201


def test_captions_without_a_video_are_a_document(api: Server) -> None:
    subject, [topic] = add_subject(api, name="Words")
    learner = add_learner(api, subject).clerk_id
    made = uploaded(upload(api, topic, "words.fr.vtt", WEBVTT))
    text = signed_in(api, learner).get(f"/topics/{topic}").text
    assert f'data-document="{made["id"]}"' in text
    assert "<track" not in text
    opened = {"documentsOpened": [made["id"]]}
    progress = api.put(f"/api/progress/topics/{topic}", as_=learner, json=opened).json()["data"]
    assert progress["status"] == "COMPLETED"
