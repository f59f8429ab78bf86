"""A mentor's pages: subjects, topics with video and documents, learners, shared notes."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
from starlette.routing import Route

from akako.education import queries as education
from akako.education import schemas, service
from akako.education.nodes import SUBJECTS, TOPIC_ROWS, TOPICS
from akako.education.service import Edit
from akako.kernel.core import validation
from akako.kernel.core.access import ADMIN, MENTOR, not_owner
from akako.kernel.core.errors import ApiError, Forbidden, NotFound, ValidationFailed
from akako.kernel.db import listing
from akako.learning import mentor_queries
from akako.library import service as library
from akako.library.forms import Received
from akako.library.media import DOCUMENT, VIDEO, Files, Medium
from akako.library.receiving import receive
from akako.library.schemas import DocumentMetadata
from akako.notes import queries as note_queries
from akako.notes import service as notes
from akako.storage.intake import give_up
from akako.web import guard
from akako.web.pages.media import context_of
from akako.web.paging import list_request, page_links
from akako.web.site import Site, Visit, page

STAFF = (MENTOR, ADMIN)
MEDIA = {"video": VIDEO, "documents": DOCUMENT}


def routes(site: Site) -> list[Route]:
    post = ("POST",)
    topic = "/teach/topics/{topic_id}"
    staff = partial(page, site=site, roles=STAFF)
    return [
        page("/teach", show_subjects, site=site, roles=(MENTOR,)),
        staff("/teach/subjects/{subject_id}", show_subject),
        staff("/teach/subjects/{subject_id}/learners", show_learners),
        staff("/teach/topics/new", new_topic),
        staff("/teach/topics/new", create_topic, methods=post),
        staff(topic, show_topic),
        staff(topic, save_topic, methods=post),
        staff(f"{topic}/delete", delete_topic, methods=post),
        staff(f"{topic}/files/{{kind}}", upload, methods=post, reads_form=False),
        staff(f"{topic}/documents/{{document_id}}/delete", delete_document, methods=post),
        page("/teach/notes", show_notes, site=site, roles=(MENTOR,)),
        page("/teach/notes/{note_id}/reply", reply, site=site, roles=(MENTOR,), methods=post),
    ]


async def show_subjects(visit: Visit) -> Any:
    request = listing.read(mentor_queries.TAUGHT, {"limit": "100"})
    listed = await mentor_queries.list_taught(visit.db, visit.actor.user_id, request)
    return visit.page("teach.html", visit.text("Teach"), subjects=listed.data)


async def _own_subject(visit: Visit, subject_id: str) -> schemas.Subject:
    """Return a subject that the caller teaches or administers."""
    subject = await education.find(visit.site.db, visit.actor, SUBJECTS, subject_id, inactive=True)
    if subject is None:
        raise NotFound("subject", subject_id)
    if not visit.actor.is_admin and subject.mentor_id != visit.actor.user_id:
        raise not_owner(visit.actor)
    return subject


async def show_subject(visit: Visit) -> Any:
    subject = await _own_subject(visit, visit.param("subject_id"))
    request = listing.read(TOPIC_ROWS.spec, {"limit": "100", "order": "asc"})
    listed = await education.page(
        visit.db, visit.actor, TOPIC_ROWS, subject.id, request, inactive=True
    )
    return visit.page("teach_subject.html", subject.name, subject=subject, topics=listed.data)


async def show_learners(visit: Visit) -> Any:
    subject = await _own_subject(visit, visit.param("subject_id"))
    params = visit.request.query_params
    request, search = list_request(params, mentor_queries.LEARNERS, limit="50")
    listed = await mentor_queries.list_learners(visit.db, subject.id, request)
    path = f"/teach/subjects/{subject.id}/learners"
    return visit.page(
        "teach_learners.html",
        visit.text("Learners of %(subject)s", subject=subject.name),
        subject=subject,
        rows=listed.data,
        search=search,
        pages=listed.pagination,
        link=page_links(path, q=search),
    )


async def new_topic(visit: Visit) -> Any:
    subject = await _own_subject(visit, visit.request.query_params.get("subject", ""))
    return _new(visit, subject)


def _new(visit: Visit, subject: schemas.Subject, *, error: str = "") -> Any:
    return visit.page(
        "teach_new.html",
        visit.text("New topic"),
        status=422 if error else 200,
        subject=subject,
        error=error,
        given_title=visit.field("title"),
        text=visit.field("text"),
    )


async def create_topic(visit: Visit) -> Any:
    """Create a topic, published or as a draft, and go on with its files."""
    subject = await _own_subject(visit, visit.field("subject"))
    given = {
        "name": visit.field("title"),
        "content": visit.field("text").replace("\r\n", "\n"),
        "subjectId": subject.id,
        "isActive": visit.field("save") == "publish",
    }
    try:
        topic = validation.read(schemas.TopicCreate, given)
        created = await service.create_topic(visit.db, visit.actor, topic=topic)
    except ApiError as problem:
        return _new(visit, subject, error=problem.message)
    return visit.go(f"/teach/topics/{created.id}")


async def show_topic(visit: Visit) -> Any:
    return await _topic(visit)


async def _topic(
    visit: Visit, *, said: str | None = None, error: str = "", status: int = 200
) -> Any:
    topic = await service.get_node(visit.site.db, visit.actor, TOPICS, visit.param("topic_id"))
    await _own_subject(visit, topic.subject_id)
    return visit.page(
        "teach_topic.html",
        topic.name,
        status=status,
        said=said,
        topic=topic,
        documents=topic.documents or [],
        error=error,
    )


async def save_topic(visit: Visit) -> Any:
    """Save title and text; publish or hide the topic."""
    given: dict[str, Any] = {
        "name": visit.field("title"),
        "content": visit.field("text").replace("\r\n", "\n"),
        "isActive": visit.field("save") == "publish",
    }
    try:
        changes, echoed = validation.read_changes(schemas.TopicUpdate, given)
        edit = Edit(changes, echoed)
        await service.update_topic(visit.db, visit.actor, visit.param("topic_id"), edit=edit)
    except ApiError as problem:
        return await _topic(visit, error=problem.message, status=problem.status)
    word = "Published." if given["isActive"] else "Saved as draft."
    return await _topic(visit, said=visit.text(word))


async def delete_topic(visit: Visit) -> Any:
    topic_id = visit.param("topic_id")
    topic = await service.get_node(visit.site.db, visit.actor, TOPICS, topic_id)
    await service.delete_topic(visit.db, visit.actor, topic_id, if_match=None)
    return visit.go(f"/teach/subjects/{topic.subject_id}")


async def upload(visit: Visit) -> Any:
    """Receive a video or document from a form, as the API does, and store it once."""
    medium = MEDIA.get(visit.param("kind"))
    if medium is None:
        raise NotFound
    context = context_of(visit)
    try:
        await library.check_upload(visit.site.db, visit.actor)
        form = await receive(context, medium)
        await _adopt(visit, medium, form)
    except ApiError as problem:
        if isinstance(problem, Forbidden):
            raise
        return await _topic(visit, error=problem.message, status=problem.status)
    return visit.go(f"/teach/topics/{visit.param('topic_id')}")


async def _adopt(visit: Visit, medium: Medium, form: Received) -> None:
    """Let the topic refer to the file; remove a file that the topic did not take."""
    topic_id, done = visit.param("topic_id"), False
    try:
        guard.require_token(form.texts.get(guard.FORM_TOKEN), visit.visitor.form_token)
        if medium is VIDEO:
            await library.put_video(visit.db, visit.actor, topic_id, form.file, if_match=None)
        else:
            name = form.texts.get("name", "").strip() or None
            metadata = msgspec.convert({"name": name}, DocumentMetadata)
            await library.add_document(
                visit.db, visit.actor, topic_id, form.file, metadata=metadata
            )
        done = True
    except msgspec.ValidationError:
        raise ValidationFailed.of("name", "Must be one line of at most 200 characters") from None
    finally:
        if not done:
            await give_up(visit.site.db, context_of(visit).get(Files).store, form.file.key)


async def delete_document(visit: Visit) -> Any:
    topic_id = visit.param("topic_id")
    await library.delete_document(
        visit.db, visit.actor, topic_id, visit.param("document_id"), if_match=None
    )
    return visit.go(f"/teach/topics/{topic_id}")


async def show_notes(visit: Visit) -> Any:
    request = listing.read(note_queries.SHARED, {"limit": "50"})
    listed = await note_queries.list_shared(visit.db, visit.actor.user_id, request)
    return visit.page("teach_notes.html", visit.text("Shared notes"), notes=listed.data)


async def reply(visit: Visit) -> Any:
    content = visit.field("content").replace("\r\n", "\n").strip()
    await notes.reply(visit.db, visit.actor, visit.param("note_id"), content=content)
    return visit.go("/teach/notes")
