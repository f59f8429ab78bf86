"""The composer: one page for title, text, video and documents of a topic.

Without script it is one form. With script, `web/src/uploader.entry.ts` saves the draft and sends
the files through the API.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
from starlette.routing import Route

from akako.documents import restoring
from akako.education import schemas, service
from akako.education.service import Edit
from akako.filetypes.formats import captions
from akako.filetypes.names import extension
from akako.kernel.core import validation
from akako.kernel.core.errors import (
    ApiError,
    Conflict,
    NotFound,
    PayloadTooLarge,
    UnsupportedMediaType,
    ValidationFailed,
)
from akako.kernel.core.ids import is_id
from akako.library import queries as material
from akako.library.media import DOCUMENT, VIDEO
from akako.web import markdown
from akako.web.forms.undo import undoable
from akako.web.pages.media import context_of
from akako.web.site import Site, Visit, page
from akako.web.teaching import form, own
from akako.web.teaching.form import Composition, Refused
from akako.web.texts import wording
from akako.web.texts.captions import is_captions, language_of, own_name

NEW = "/teach/topics/new"
SAVED = {
    "published": "Published.",
    "draft": "Saved as draft.",
    "changed": "Saved.",
    "removed": "The video was removed.",
}
MIB = 1024 * 1024
CAPTION_ENDINGS = ("vtt", "srt", "sbv", "sub", "ass", "ssa", "ttml", "dfxp")  # .vtt: not WebVTT
LARGE_VIDEO_BYTES = 100 * MIB  # about 35 minutes on a line of 400 kbit/s


class Draft(msgspec.Struct, kw_only=True):
    """What the page shows: the stored topic, and texts that are not stored yet."""

    subject: schemas.Subject
    topic: schemas.Topic | None = None
    title: str = ""
    text: str = ""
    errors: list[tuple[str, str]] = []
    status: int = 200
    previewed: bool = False
    lost: list[str] = []  # names of files that have to be chosen again

    @property
    def documents(self) -> list[schemas.Document]:
        return (self.topic.documents or []) if self.topic else []


def routes(site: Site) -> list[Route]:
    staff, post = partial(page, site=site, roles=own.STAFF), ("POST",)
    return [
        staff(NEW, show_new),
        staff(NEW, create, methods=post, reads_form=False),
        staff("/teach/preview", show_preview, methods=post),
        staff(own.TOPIC, show),
        staff(own.TOPIC, save, methods=post, reads_form=False),
        staff(f"{own.TOPIC}/documents/{{document_id}}/restore", restore_document, methods=post),
    ]


async def show_new(visit: Visit) -> Any:
    subject = await own.find_subject(visit, visit.request.query_params.get("subject", ""))
    return await _page(visit, Draft(subject=subject))


async def show(visit: Visit) -> Any:
    topic, subject = await own.find_topic(visit)
    draft = Draft(subject=subject, topic=topic, title=topic.name, text=topic.content or "")
    return await _page(visit, draft, said=_said(visit, topic.id, draft))


def _said(visit: Visit, topic_id: str, draft: Draft) -> Any:
    """Return the announcement of the last action; the removal of a document can be undone."""
    params = visit.request.query_params
    names = {each.id: each.name for each in draft.documents}
    if name := names.get(params.get("restored", "")):
        return visit.text("%(name)s is back.", name=name)
    removed = params.get("removed", "")
    if is_id(removed) and removed not in names:
        path = f"/teach/topics/{topic_id}/documents/{removed}/restore"
        return undoable(visit.text("The document was removed."), path)
    said = SAVED.get(params.get("saved", ""))
    return visit.text(said) if said else None


async def _page(visit: Visit, draft: Draft, *, said: Any = None) -> Any:
    topic, context = draft.topic, context_of(visit)
    row = await material.find_video(visit.site.db, topic.id) if topic and topic.has_video else None
    return visit.page(
        "teach_topic.html",
        topic.name if topic else visit.text("New topic"),
        status=draft.status,
        said=said,
        draft=draft,
        topic=topic,
        subject=draft.subject,
        video=material.playable_video(row) if row and row["video_key"] else None,
        preview=markdown.render(draft.text) if draft.previewed else None,
        large=LARGE_VIDEO_BYTES,
        captions=_captions(visit, draft),
        limits={
            "video": VIDEO.limit(context),
            "document": DOCUMENT.limit(context),
            "captions": captions.MAX_BYTES,
        },
        video_endings=form.VIDEO_ENDINGS,
    )


def _captions(visit: Visit, draft: Draft) -> dict[str, str]:
    """Return the names of the languages of captions, by the ids of the documents."""
    files = [each for each in draft.documents if is_captions(each)]
    return {each.id: own_name(language_of(each) or visit.visitor.language) for each in files}


async def show_preview(visit: Visit) -> Any:
    """Show the composer with a preview of the text. Nothing is stored.

    With `part=1` the response is the preview alone, for the script of the page.
    """
    text = visit.field("text").replace("\r\n", "\n")
    if visit.field("part"):
        return visit.page("teach_preview.html", "", preview=markdown.render(text))
    topic_id = visit.field("topic")
    if topic_id:
        visit.request.path_params["topic_id"] = topic_id
        topic, subject = await own.find_topic(visit)
    else:
        topic, subject = None, await own.find_subject(visit, visit.field("subject"))
    lost = [name for name in visit.fields(form.FILES) if name]
    draft = Draft(subject=subject, topic=topic, title=visit.field("title"), text=text, lost=lost)
    draft.previewed = True
    return await _page(visit, draft)


async def create(visit: Visit) -> Any:
    """Create a topic with its files. It becomes visible once all of them are stored."""
    made = await form.receive(visit)
    async with form.discarding(visit, made):
        subject = await own.find_subject(visit, made.value("subject"))
        given = {
            "name": made.value("title").strip(),
            "content": made.value("text"),
            "subjectId": subject.id,
            "isActive": made.publishes and not made.files and not made.refused,
        }
        try:
            topic = validation.read(schemas.TopicCreate, given)
            created = await service.create_topic(visit.db, visit.actor, topic=topic)
        except (Conflict, ValidationFailed) as problem:
            return await _refuse(visit, subject, None, made, problem)
        return await _finish(visit, created, subject, made)


async def save(visit: Visit) -> Any:
    """Save title and text, add files, and publish or hide the topic."""
    made = await form.receive(visit)
    async with form.discarding(visit, made):
        topic, subject = await own.find_topic(visit)
        given: dict[str, Any] = {
            "name": made.value("title").strip(),
            "content": made.value("text"),
        }
        if made.texts.get("save") == "draft":
            given["isActive"] = False
        try:
            changed = await _change(visit, topic.id, given)
        except (Conflict, ValidationFailed) as problem:
            return await _refuse(visit, subject, topic, made, problem)
        return await _finish(visit, changed, subject, made)


async def _change(visit: Visit, topic_id: str, given: dict[str, Any]) -> schemas.Topic:
    changes, echoed = validation.read_changes(schemas.TopicUpdate, given)
    return await service.update_topic(visit.db, visit.actor, topic_id, edit=Edit(changes, echoed))


async def _refuse(
    visit: Visit,
    subject: schemas.Subject,
    topic: schemas.Topic | None,
    made: Composition,
    problem: ApiError,
) -> Any:
    """Return the page of texts that were not stored. The browser has lost its choice of files."""
    await form.discard(visit, made)
    field = str(problem.details.get("field", "name"))
    names = {"name": "title", "content": "text"}
    draft = Draft(
        subject=subject,
        topic=topic,
        title=made.value("title"),
        text=made.value("text"),
        errors=[(names.get(field, "title"), _wording(visit, problem))],
        status=problem.status,
        lost=[each.file.file_name for each in made.files] + [each.name for each in made.refused],
    )
    return await _page(visit, draft)


def _wording(visit: Visit, problem: ApiError) -> str:
    if isinstance(problem, Conflict):
        return visit.text("This subject has a topic with this title. Enter another title.")
    if problem.details.get("field") == "name":
        return visit.text("Enter a title of at most 120 characters.")
    if problem.details.get("field") == "content":
        return visit.text("The text is too long. Divide it into several topics.")
    return visit.text(problem.message)


async def _finish(
    visit: Visit, topic: schemas.Topic, subject: schemas.Subject, made: Composition
) -> Any:
    """Add the files to the stored topic, publish it, and go on; report the refused files."""
    await form.adopt(visit, topic.id, made)
    if made.refused:
        visit.request.path_params["topic_id"] = topic.id
        topic, subject = await own.find_topic(visit)
        draft = Draft(subject=subject, topic=topic, title=topic.name, text=topic.content or "")
        draft.errors = [("files", _reason(visit, each)) for each in made.refused]
        draft.status = made.refused[0].problem.status
        return await _page(visit, draft)
    if made.publishes and not topic.is_active:
        topic = await _change(visit, topic.id, {"isActive": True})
    word = "published" if made.publishes else "draft"
    return visit.go(f"/teach/topics/{topic.id}?saved={word}")


def _reason(visit: Visit, refused: Refused) -> str:
    """Return what happened to a file and what to do."""
    match refused.problem:
        case PayloadTooLarge() as problem:
            limit = wording.size_limit(int(problem.details["limitBytes"]), visit.visitor.language)
            return visit.text(
                "%(name)s is too large. The limit is %(limit)s. Choose a smaller file.",
                name=refused.name,
                limit=limit,
            )
        case UnsupportedMediaType() if extension(refused.name) in CAPTION_ENDINGS:
            return visit.text(
                "%(name)s was not added: captions have to be a WebVTT file (.vtt). "
                "Save them in this format and choose that file.",
                name=refused.name,
            )
        case UnsupportedMediaType():
            return visit.text(
                "%(name)s was not added: this type of file is not accepted, or the file is "
                "damaged. Choose another file.",
                name=refused.name,
            )
        case Conflict() if form.medium_of(refused.name) is VIDEO:
            return visit.text("%(name)s was not added: a topic has one video.", name=refused.name)
        case problem:
            return f"{refused.name}: {visit.text(problem.message)}"


async def restore_document(visit: Visit) -> Any:
    """Undo the removal of a document. Its file may be gone: then it has to be chosen again."""
    topic_id, document_id = visit.param("topic_id"), visit.param("document_id")
    try:
        await restoring.restore(visit.db, visit.actor, topic_id, document_id)
    except NotFound:
        topic, subject = await own.find_topic(visit)
        draft = Draft(subject=subject, topic=topic, title=topic.name, text=topic.content or "")
        text = "The document could not be brought back. Choose the file again."
        draft.errors, draft.status = [("files", visit.text(text))], 404
        return await _page(visit, draft)
    return visit.go(f"/teach/topics/{topic_id}?restored={document_id}")
