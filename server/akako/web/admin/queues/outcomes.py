"""What became of decisions, in words: done, decided by others, impossible."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from akako.authority.decisions import REOPEN_SECONDS
from akako.web.admin.queues.queries import About
from akako.web.site import Visit

UNKNOWN = About("", "", "")


class Other(msgspec.Struct, frozen=True):
    """A decision that another administrator made before."""

    learner: str
    subject: str
    approved: bool
    at: datetime
    by: str


class Outcome(msgspec.Struct, kw_only=True):
    """The ids that were decided, the decisions of others, and reasons of failures by id."""

    done: list[str]
    others: list[Other]
    reasons: dict[str, str]


def failed_ids(results: Sequence[Any], user_id: str) -> list[str]:
    """Return the ids about which a page says more than that they were decided."""
    return [each.id for each in results if not each.ok or _is_of_other(each, user_id)]


def _is_of_other(result: Any, user_id: str) -> bool:
    if result.ok:
        return result.decided_by not in (None, user_id)
    return _resource(result) in ("enrollment", "mentor_application") and _current(result) in (
        "APPROVED",
        "REJECTED",
    )


def _resource(result: Any) -> str:
    return str((result.details or {}).get("resource", ""))


def _current(result: Any) -> str:
    return str((result.details or {}).get("current", ""))


def outcome(visit: Visit, results: Sequence[Any], about: dict[str, About]) -> Outcome:
    """Sort the results of decisions into what was done, what others did, and failures."""
    made = Outcome(done=[], others=[], reasons={})
    for each in results:
        of = about.get(each.id, UNKNOWN)
        if _is_of_other(each, visit.actor.user_id) and each.decided_at:
            status = each.status or _current(each)
            by = each.decided_by_name or visit.text("another administrator")
            approved = status == "APPROVED"
            made.others.append(Other(of.learner, of.subject, approved, each.decided_at, by))
        elif each.ok:
            made.done.append(each.id)
        else:
            made.reasons[each.id] = _reason(visit, each, of)
    return made


def _reason(visit: Visit, result: Any, of: About) -> str:
    """Return why a decision could not be made, as the end of a sentence."""
    resource, current = _resource(result), _current(result)
    if result.code == "FORBIDDEN":
        return visit.text("your own request is for another administrator")
    if resource == "user" and current == "DELETED":
        return visit.text("%(name)s's account was deleted", name=of.given)
    if resource == "user":
        return visit.text("%(name)s's account is inactive", name=of.given)
    if resource == "user_role":
        return visit.text("%(name)s is no longer a learner", name=of.given)
    if resource == "subject":
        return visit.text("%(name)s was deleted", name=of.subject)
    if current == "CANCELLED":
        return visit.text("%(name)s withdrew the request", name=of.given)
    if result.code == "NOT_FOUND":
        return visit.text("a request no longer exists")
    error = visit.text(result.error)
    return f"{of.given}: {error}" if of.given else error


def undo_reason(visit: Visit, result: Any) -> str:
    """Return why a decision could not be undone, as the end of a sentence."""
    texts = {
        "FORBIDDEN": visit.text("your own request is for another administrator"),
        "NOT_FOUND": visit.text("a request no longer exists"),
        "INVALID_STATE": visit.text("the 30 seconds are over"),
        "CONFLICT": visit.text("the learner sent a new request"),
    }
    return texts.get(result.code) or visit.text(result.error)


def sentence(visit: Visit, verdict: str, made: Outcome) -> str:
    """Return such as "18 approved, 2 could not be: Ama's account is inactive, …"."""
    approves, done = verdict == "approve", len(made.done)
    parts = []
    if done or not (made.reasons or made.others):
        word = visit.text("%(n)s approved", n=done) if approves else ""
        parts.append(word or visit.text("%(n)s rejected", n=done))
    if made.others:
        names = ", ".join(dict.fromkeys(each.by for each in made.others))
        parts.append(
            visit.text("%(n)s already decided by %(name)s", n=len(made.others), name=names)
        )
    if made.reasons:
        reasons = ", ".join(dict.fromkeys(made.reasons.values()))
        parts.append(_failed(visit, verdict, len(made.reasons), reasons, first=not parts))
    text = ", ".join(parts)
    return text if made.reasons else f"{text}."


def _failed(visit: Visit, verdict: str, n: int, reasons: str, *, first: bool) -> str:
    if not first:
        return visit.text("%(n)s could not be: %(reasons)s", n=n, reasons=reasons)
    if verdict == "approve":
        return visit.text("%(n)s could not be approved: %(reasons)s", n=n, reasons=reasons)
    return visit.text("%(n)s could not be rejected: %(reasons)s", n=n, reasons=reasons)


def status(visit: Visit, path: str, text: str, done: list[str], **kept: str) -> dict[str, Any]:
    """Return the content of the status region, with a form that undoes what was done."""
    if not done:
        return {"text": text}
    fields = {"ids": ",".join(done), **{name: value for name, value in kept.items() if value}}
    undo = {"path": f"{path}/undo", "fields": fields, "seconds": REOPEN_SECONDS}
    return {"text": text, "undo": {**undo, "title": visit.text("Undo (z)")}}  # the key works here
