"""Pages of learners: the start page, topics and notes."""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from akako.kernel.core.access import LEARNER
from akako.kernel.core.errors import PreconditionFailed
from akako.kernel.core.validation import read
from akako.notes import queries as note_queries
from akako.notes import service as notes
from akako.notes import tags as note_tags
from akako.notes.schemas import Note, NoteWrite
from akako.web import markdown
from akako.web.assets.marks import asset
from akako.web.learners.home import read_home
from akako.web.learners.topic import LessonView, mark, read_lesson
from akako.web.paging import list_request, page_links
from akako.web.site import Site, Visit, page
from akako.web.texts.captions import captions


def routes(site: Site) -> list[Route]:
    """Return the routes of the learner's pages, all for signed-in people."""
    post = ("POST",)
    return [
        page("/home", show_home, site=site, roles=()),
        page("/topics/{topic_id}", show_topic, site=site, roles=()),
        page("/topics/{topic_id}/done", mark_done, site=site, roles=(), methods=post),
        page("/topics/{topic_id}/note", write_note, site=site, roles=(), methods=post),
        page("/notes", list_notes, site=site, roles=()),
    ]


async def show_home(visit: Visit) -> Any:
    session = visit.visitor.session
    grade_id = visit.request.query_params.get("grade")
    home = await read_home(visit.db, visit.actor, grade_id=grade_id, say=visit.text)
    first = session.name.split()[0] if session and session.name.split() else ""
    title = visit.text("Hello, %(name)s", name=first)
    here = f"/home?grade={grade_id}" if grade_id and home.offers else "/home"
    return visit.page("home.html", title, home=home, here=here, learner=visit.actor.has(LEARNER))


async def show_topic(visit: Visit) -> Any:
    lesson = await read_lesson(visit.db, visit.actor, visit.param("topic_id"))
    if not lesson.readable:
        learner = visit.actor.has(LEARNER)
        return visit.page(
            "topic_locked.html", lesson.name, status=403, lesson=lesson, learner=learner
        )
    note = await note_queries.find_own(visit.db, visit.actor.user_id, lesson.id)
    return _topic_page(visit, lesson, _shown_note(visit, note))


def _topic_page(
    visit: Visit, lesson: LessonView, note: dict[str, Any], *, status: int = 200, said: str = ""
) -> Any:
    response = visit.page(
        "topic.html",
        lesson.name,
        status=status,
        said=said or None,
        lesson=lesson,
        note=note,
        captions=captions(lesson.captions, visit.visitor.language),
        text=markdown.render(lesson.content),
        plays=visit.request.query_params.get("play") == "1",
    )
    if lesson.next and not visit.visitor.saves_data:
        response.headers["Speculation-Rules"] = f'"{asset("speculation.json")}"'
    return response


def _shown_note(visit: Visit, note: Note | None) -> dict[str, Any]:
    """Return the note as the editor shows it; an empty one where there is none."""
    return {
        "content": note.content if note else "",
        "shared": note.shared_with_mentor if note else False,
        "etag": note_tags.of(note) if note else "",
        "saved": visit.text("Saved") if note else "",
        "reply": note.reply if note else None,
    }


async def mark_done(visit: Visit) -> Any:
    topic_id = visit.param("topic_id")
    await mark(visit.db, visit.actor, topic_id, done=visit.field("done") != "0")
    return visit.go(f"/topics/{topic_id}")


async def write_note(visit: Visit) -> Any:
    """Save, change or empty the note of a topic. A conflict shows both texts."""
    topic_id, tag = visit.param("topic_id"), visit.field("etag")
    content = visit.field("content").replace("\r\n", "\n")
    try:
        if content.strip():
            await _put(visit, topic_id, content, tag)
        elif tag:
            await notes.delete_note(visit.db, visit.actor, topic_id, if_match=tag)
    except PreconditionFailed:
        return await _conflict(visit, topic_id, content)
    return visit.go(f"/topics/{topic_id}")


async def _put(visit: Visit, topic_id: str, content: str, tag: str) -> None:
    shared = visit.field("shared") == "1"
    write = read(NoteWrite, {"content": content, "sharedWithMentor": shared})
    if_none_match = None if tag else "*"
    await notes.put_note(
        visit.db,
        visit.actor,
        topic_id,
        write=write,
        if_match=tag or None,
        if_none_match=if_none_match,
    )


async def _conflict(visit: Visit, topic_id: str, content: str) -> Any:
    """Show the stored text followed by the sent one, for the author to save again.

    A form that is sent twice is no conflict: the stored text is the sent one.
    """
    note = await note_queries.find_own(visit.site.db, visit.actor.user_id, topic_id)
    if note and note.content.strip() == content.strip():
        return visit.go(f"/topics/{topic_id}")
    lesson = await read_lesson(visit.site.db, visit.actor, topic_id)
    shown = _shown_note(visit, note)
    heading = visit.text("Written on this device:")
    parts = [shown["content"], f"{heading}\n{content}" if content.strip() else ""]
    shown |= {"content": "\n\n".join(part for part in parts if part), "saved": ""}
    said = visit.text("This note was changed elsewhere. Both texts were kept.")
    return _topic_page(visit, lesson, shown, status=409, said=said)


async def list_notes(visit: Visit) -> Any:
    request, search = list_request(visit.request.query_params, note_queries.OWN)
    found = await note_queries.list_own(visit.db, visit.actor.user_id, request)
    return visit.page(
        "notes.html",
        visit.text("Notes"),
        notes=found.data,
        search=search,
        pages=found.pagination,
        link=page_links("/notes", q=search),
    )
