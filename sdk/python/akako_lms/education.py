"""Levels, grades, subjects and topics. Reading is public; a token may show more."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from akako_lms._area import Area, D, iteration, operation
from akako_lms._queries import GradeLevel, NodeQuery
from akako_lms._session import Page, check_names
from akako_lms._wire import given, segment
from akako_lms.models import Deleted, Grade, Level, Subject, SubjectDetail, Topic, TopicSummary

if TYPE_CHECKING:
    from typing_extensions import Unpack

ADMIN = "/admin/education"


class LevelChanges(TypedDict, total=False):
    """Fields that are left out stay as they are; None clears the picture."""

    name: str
    description: str
    image_url: str | None
    is_active: bool


class GradeChanges(LevelChanges, total=False):
    level: GradeLevel


class SubjectChanges(LevelChanges, total=False):
    """None as `mentor_id` takes the subject from its mentor."""

    mentor_id: str | None


class TopicChanges(LevelChanges, total=False):
    content: str


class Education(Area[D]):
    """Education level → grade → subject → topic."""

    @operation
    async def get_levels(self, **query: Unpack[NodeQuery]) -> Page[Level]:
        """List education levels."""
        return await self._session.page(Level, "/education/levels", query, NodeQuery)

    @operation
    async def get_grades(self, level_id: str, **query: Unpack[NodeQuery]) -> Page[Grade]:
        """List the grades of a level."""
        path = f"/education/levels/{segment(level_id)}/grades"
        return await self._session.page(Grade, path, query, NodeQuery)

    @operation
    async def get_subjects(self, grade_id: str, **query: Unpack[NodeQuery]) -> Page[Subject]:
        """List the subjects of a grade."""
        path = f"/education/grades/{segment(grade_id)}/subjects"
        return await self._session.page(Subject, path, query, NodeQuery)

    @operation
    async def get_topics(self, subject_id: str, **query: Unpack[NodeQuery]) -> Page[TopicSummary]:
        """List the topics of a subject, without their content: `get_topic` returns it."""
        path = f"/education/subjects/{segment(subject_id)}/topics"
        return await self._session.page(TopicSummary, path, query, NodeQuery)

    iter_levels = iteration(get_levels)
    iter_grades = iteration(get_grades)
    iter_subjects = iteration(get_subjects)
    iter_topics = iteration(get_topics)

    @operation
    async def get_level(self, level_id: str) -> Level:
        """Get an education level."""
        return await self._session.one(Level, "GET", f"/education/levels/{segment(level_id)}")

    @operation
    async def get_grade(self, grade_id: str) -> Grade:
        """Get a grade."""
        return await self._session.one(Grade, "GET", f"/education/grades/{segment(grade_id)}")

    @operation
    async def get_subject(self, subject_id: str) -> SubjectDetail:
        """Get a subject, with the caller's enrollment status and the number of topics."""
        path = f"/education/subjects/{segment(subject_id)}"
        return await self._session.one(SubjectDetail, "GET", path)

    @operation
    async def get_topic(self, topic_id: str) -> Topic:
        """Get a topic."""
        return await self._session.one(Topic, "GET", f"/education/topics/{segment(topic_id)}")

    @operation
    async def create_level(
        self,
        *,
        name: str,
        description: str = "",
        image_url: str | None = None,
        is_active: bool = True,
    ) -> Level:
        """Create an education level."""
        body = given(name=name, description=description, image_url=image_url, is_active=is_active)
        return await self._session.one(Level, "POST", f"{ADMIN}/levels", body=body)

    @operation
    async def create_grade(
        self,
        *,
        education_level_id: str,
        name: str,
        level: GradeLevel,
        description: str = "",
        image_url: str | None = None,
        is_active: bool = True,
    ) -> Grade:
        """Create a grade in a level."""
        body = given(
            education_level_id=education_level_id,
            name=name,
            level=level,
            description=description,
            image_url=image_url,
            is_active=is_active,
        )
        return await self._session.one(Grade, "POST", f"{ADMIN}/grades", body=body)

    @operation
    async def create_subject(
        self,
        *,
        grade_id: str,
        name: str,
        description: str = "",
        image_url: str | None = None,
        is_active: bool = True,
        mentor_id: str | None = None,
    ) -> Subject:
        """Create a subject in a grade."""
        body = given(
            grade_id=grade_id,
            name=name,
            description=description,
            image_url=image_url,
            is_active=is_active,
            mentor_id=mentor_id,
        )
        return await self._session.one(Subject, "POST", f"{ADMIN}/subjects", body=body)

    @operation
    async def create_topic(
        self,
        *,
        subject_id: str,
        name: str,
        description: str = "",
        content: str = "",
        image_url: str | None = None,
        is_active: bool = True,
    ) -> Topic:
        """Create a topic in a subject."""
        body = given(
            subject_id=subject_id,
            name=name,
            description=description,
            content=content,
            image_url=image_url,
            is_active=is_active,
        )
        return await self._session.one(Topic, "POST", f"{ADMIN}/topics", body=body)

    @operation
    async def update_level(
        self, level_id: str, *, if_match: str | None = None, **changes: Unpack[LevelChanges]
    ) -> Level:
        """Change an education level."""
        check_names(changes, LevelChanges)
        path = f"{ADMIN}/levels/{segment(level_id)}"
        return await self._session.one(Level, "PUT", path, body=changes, if_match=if_match)

    @operation
    async def update_grade(
        self, grade_id: str, *, if_match: str | None = None, **changes: Unpack[GradeChanges]
    ) -> Grade:
        """Change a grade."""
        check_names(changes, GradeChanges)
        path = f"{ADMIN}/grades/{segment(grade_id)}"
        return await self._session.one(Grade, "PUT", path, body=changes, if_match=if_match)

    @operation
    async def update_subject(
        self, subject_id: str, *, if_match: str | None = None, **changes: Unpack[SubjectChanges]
    ) -> Subject:
        """Change a subject. A mentor may change description and picture of the own ones."""
        check_names(changes, SubjectChanges)
        path = f"{ADMIN}/subjects/{segment(subject_id)}"
        return await self._session.one(Subject, "PUT", path, body=changes, if_match=if_match)

    @operation
    async def update_topic(
        self, topic_id: str, *, if_match: str | None = None, **changes: Unpack[TopicChanges]
    ) -> Topic:
        """Change a topic."""
        check_names(changes, TopicChanges)
        path = f"{ADMIN}/topics/{segment(topic_id)}"
        return await self._session.one(Topic, "PUT", path, body=changes, if_match=if_match)

    @operation
    async def delete_level(
        self, level_id: str, *, force: bool = False, if_match: str | None = None
    ) -> Deleted:
        """Delete a level; `force` also where learners are enrolled below it."""
        return await self._delete(f"levels/{segment(level_id)}", {"force": force}, if_match)

    @operation
    async def delete_grade(
        self, grade_id: str, *, force: bool = False, if_match: str | None = None
    ) -> Deleted:
        """Delete a grade; `force` also where learners are enrolled below it."""
        return await self._delete(f"grades/{segment(grade_id)}", {"force": force}, if_match)

    @operation
    async def delete_subject(
        self, subject_id: str, *, force: bool = False, if_match: str | None = None
    ) -> Deleted:
        """Delete a subject; `force` also where learners are enrolled in it."""
        return await self._delete(f"subjects/{segment(subject_id)}", {"force": force}, if_match)

    @operation
    async def delete_topic(self, topic_id: str, *, if_match: str | None = None) -> Deleted:
        """Delete a topic."""
        return await self._delete(f"topics/{segment(topic_id)}", {}, if_match)

    async def _delete(self, place: str, query: dict[str, bool], if_match: str | None) -> Deleted:
        path = f"{ADMIN}/{place}"
        return await self._session.one(Deleted, "DELETE", path, query=query, if_match=if_match)
