"""The shapes, defaults and limits of the analyses."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from akako.analytics.rollup import rebuild
from akako.backends.database.pool import Pool
from tests.factories import create_document, create_enrollment, create_subject, create_topic
from tests.library.school import add_topic
from tests.parts.server import Server

ARRAYS = ("enrollments", "active-learners")
ALL = (*ARRAYS, "completion", "storage", "api-usage")
DAY = timedelta(days=1)


def today() -> date:
    return datetime.now(UTC).date()


def get(api: Server, path: str) -> Any:
    response = api.get(f"/api/analytics/{path}", as_="admin")
    assert response.status_code == 200, response.text
    return response.json()["data"]


def read_csv(api: Server, path: str) -> list[dict[str, str]]:
    response = api.get(f"/api/analytics/{path}", as_="admin")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"].startswith("attachment")
    assert response.headers["x-time-zone"] == "UTC"
    return list(csv.DictReader(io.StringIO(response.text, newline="")))


@pytest.mark.parametrize("name", ARRAYS)
def test_every_bucket_is_present(api: Server, name: str) -> None:
    response = api.get(f"/api/analytics/{name}", as_="admin")
    assert response.headers["x-time-zone"] == "UTC"
    found = [date.fromisoformat(each["date"]) for each in response.json()["data"]]
    assert found == [today() - DAY * each for each in reversed(range(56))]


@pytest.mark.parametrize("name", ARRAYS)
def test_weeks_begin_on_monday_and_months_on_the_first(api: Server, name: str) -> None:
    days = "from=2026-01-01&to=2026-03-04"
    weeks = [each["date"] for each in get(api, f"{name}?{days}")]
    assert (weeks[0], weeks[-1], len(weeks)) == ("2025-12-29", "2026-03-02", 10)
    months = [each["date"] for each in get(api, f"{name}?{days}&interval=MONTH")]
    assert months == ["2026-01-01", "2026-02-01", "2026-03-01"]
    assert len(get(api, f"{name}?from=2026-01-01&to=2026-03-03")) == 62
    assert len(get(api, f"{name}?{days}&interval=day")) == 63


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-02-02&to=2026-02-01", "from"),
        ("from=2025-01-01&to=2026-02-05", "from"),
        ("from=2026-02-30", "from"),
        ("to=tomorrow", "to"),
        ("interval=year", "interval"),
        ("format=xml", "format"),
    ],
)
def test_unusable_ranges(api: Server, name: str, query: str, field: str) -> None:
    response = api.get(f"/api/analytics/{name}?{query}", as_="admin", unpromised=True)
    assert (response.status_code, response.json()["code"]) == (422, "VALIDATION_ERROR")
    assert response.json()["details"]["field"] == field


def test_400_days_are_the_most(api: Server) -> None:
    assert len(get(api, "enrollments?from=2025-01-01&to=2026-02-04&interval=day")) == 400


@pytest.mark.parametrize("month", ["2026-13", "2026", "now"])
def test_unusable_months(api: Server, month: str) -> None:
    path = f"/api/analytics/api-usage?month={month}"
    assert api.get(path, as_="admin", unpromised=True).status_code == 422


def test_enrollments_count_at_their_own_dates(api: Server) -> None:
    """An approved enrollment that is cancelled counts in both columns."""
    topic, learner = add_topic(api), api.user("analyst")
    before = get(api, "enrollments")[-1]
    body = {"subjectId": topic.subject_id}
    made = api.post("/api/enrollment/request", as_=learner, json=body).json()["data"]
    api.put(f"/api/admin/enrollment/{made['id']}/approve", as_="admin")
    api.post(f"/api/enrollment/{made['id']}/cancel", as_=learner)
    after = get(api, "enrollments")[-1]
    assert [after[each] - before[each] for each in ("requested", "approved", "cancelled")] == [
        1
    ] * 3
    assert after["rejected"] == before["rejected"]
    assert after["medianHoursToDecision"] is not None


def test_a_reopened_decision_does_not_count(api: Server) -> None:
    topic, learner = add_topic(api), api.user("reopened")
    body = {"subjectId": topic.subject_id}
    made = api.post("/api/enrollment/request", as_=learner, json=body).json()["data"]
    before = get(api, "enrollments")[-1]
    api.put(f"/api/admin/enrollment/{made['id']}/reject", as_="admin")
    assert get(api, "enrollments")[-1]["rejected"] == before["rejected"] + 1
    api.post(f"/api/admin/enrollment/{made['id']}/reopen", as_="admin")
    assert get(api, "enrollments")[-1] == before


def test_completion_and_activity_of_learners(api: Server) -> None:
    learner = api.user("finisher")
    user_id = api.user_id(learner)
    with api.db() as db:
        subject = create_subject(db, name="=1+1")
        topic = create_topic(db, subject_id=subject.id)
        create_enrollment(db, user_id=user_id, subject_id=subject.id, status="APPROVED")
    path = f"completion?gradeId={subject.grade_id}"
    row = {
        "subjectId": subject.id,
        "subjectName": "=1+1",
        "gradeName": subject.grade_id,
        "learners": 1,
        "started": 0,
        "completed": 0,
        "percent": 0,
    }
    assert get(api, path) == [row]
    before = get(api, "overview")
    done = {"markedDone": True}
    assert api.put(f"/api/progress/topics/{topic.id}", as_=learner, json=done).status_code == 200
    row |= {"started": 1, "completed": 1, "percent": 100}
    assert get(api, f"completion?levelId={subject.level_id}") == [row]
    after = get(api, "overview")
    assert after["activeLearners7d"] == before["activeLearners7d"] + 1
    assert get(api, "active-learners")[-1]["learners28d"] == after["activeLearners28d"]
    expected = {**{name: str(value) for name, value in row.items()}, "subjectName": "'=1+1"}
    assert read_csv(api, f"{path}&format=csv") == [expected]


def test_completion_lists_subjects_in_natural_order(api: Server) -> None:
    with api.db() as db:
        grade_id = create_subject(db, name="Part 10").grade_id
    for name in ("Ärzte", "part 9", "Zoo", "Arzt", "Part 2"):
        body = {"name": name, "gradeId": grade_id}
        assert api.post("/api/admin/education/subjects", as_="admin", json=body).is_success
    listed = get(api, f"completion?gradeId={grade_id}&sort=subjectName")
    names = [each["subjectName"] for each in listed]
    assert names == ["Arzt", "Ärzte", "Part 2", "part 9", "Part 10", "Zoo"]


def test_storage(api: Server) -> None:
    topic = add_topic(api)
    before = get(api, "storage")
    with api.db() as db:
        user_id = api.user_id("admin")
        id = create_document(
            db, topic_id=topic.id, user_id=user_id, key="large", size=10**12, sha256="0" * 64
        )
    after = get(api, "storage")
    assert after["totalBytes"] == before["totalBytes"] + 10**12
    assert after["documents"]["count"] == before["documents"]["count"] + 1
    largest = {"kind": "document", "id": id, "topicId": topic.id, "name": id, "bytes": 10**12}
    assert after["largest"][0] == largest
    assert after["timeZone"] == "UTC"
    assert read_csv(api, "storage?format=csv")[0]["id"] == id
    api.execute("delete from documents where id = %s", id)


def test_removed_files_await_their_deletion(api: Server) -> None:
    topic = add_topic(api)
    before = get(api, "storage")["awaitingDeletionBytes"]
    with api.db() as db:
        db.execute(
            "update topics set video_key = %s, video_size = 77, video_updated_at = now() "
            "where id = %s",
            (f"videos/{topic.id}", topic.id),
        )
    assert (
        api.delete(f"/api/admin/education/topics/{topic.id}/video", as_="admin").status_code == 200
    )
    assert get(api, "storage")["awaitingDeletionBytes"] == before + 77


def test_api_usage_counts_every_call(api: Server) -> None:
    first = get(api, "api-usage")
    second = get(api, "api-usage")
    assert second["used"] == first["used"] + 1
    assert second["days"][-1]["date"] == today().isoformat()
    assert second["days"][-1]["calls"] == first["days"][-1]["calls"] + 1
    admin = api.user_id("admin")
    assert [each["userId"] for each in second["callers"]] == [admin]
    assert (second["plan"], second["limit"]) == ("ENTERPRISE", None)
    assert second["projected"] >= second["used"]
    assert second["uploads"] == {"limit": None, "used": 0}
    past = get(api, "api-usage?month=2020-02")
    assert (len(past["days"]), past["used"], past["projected"]) == (29, 0, None)
    assert len(read_csv(api, "api-usage?format=csv")) == today().day


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_as_files(api: Server, name: str) -> None:
    rows = read_csv(api, f"{name}?format=csv")
    assert len(rows) == 56
    assert list(rows[0]) == list(get(api, name)[0])


def test_overview_is_for_every_plan_and_the_rest_is_not(api: Server) -> None:
    api.execute("update users set plan = 'FREE' where clerk_id = 'user_admin'")
    try:
        assert get(api, "overview")["users"]["admins"] == 1
        for name in ALL:
            response = api.get(f"/api/analytics/{name}", as_="admin")
            assert (response.status_code, response.json()["code"]) == (403, "PLAN_REQUIRED")
            assert response.json()["details"]["required"] == ["PRO", "ENTERPRISE"]
            refused = api.get(f"/api/analytics/{name}", as_="learner")
            assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")
    finally:
        api.execute("update users set plan = 'ENTERPRISE' where clerk_id = 'user_admin'")


@pytest.fixture
def berlin(start_server: Callable[..., Server]) -> Server:
    return start_server({"AKAKO_TIME_ZONE": "Pacific/Kiritimati"})


def test_days_of_another_time_zone(berlin: Server) -> None:
    """14 hours ahead of UTC, where tomorrow has begun for most of the day."""
    with berlin.db() as db:
        subject = create_subject(db)
        create_enrollment(db, user_id=berlin.user_id("learner"), subject_id=subject.id)
        db.execute("update enrollment_moments set at = '2026-03-01T10:30:00Z'")
    path = "/api/analytics/enrollments?from=2026-03-01&to=2026-03-02"
    response = berlin.get(path, as_="admin")
    assert response.headers["x-time-zone"] == "Pacific/Kiritimati"
    assert [each["requested"] for each in response.json()["data"]] == [0, 1]


def test_a_file_names_the_time_zone_of_its_days(berlin: Server) -> None:
    """Usage is counted in UTC, like the months of the quota."""
    for name in ("enrollments", "active-learners", "completion", "storage", "api-usage"):
        sent = berlin.get(f"/api/analytics/{name}?format=csv", as_="admin")
        shown = berlin.get(f"/api/analytics/{name}", as_="admin")
        data = shown.json()["data"]
        zone = data["timeZone"] if isinstance(data, dict) else shown.headers["x-time-zone"]
        assert sent.headers["x-time-zone"] == zone
        assert zone == ("UTC" if name == "api-usage" else "Pacific/Kiritimati")


async def test_a_rebuild_gives_the_same_figures(api: Server) -> None:
    paths = ["enrollments", "active-learners", "enrollments?interval=week", "completion"]
    before = [get(api, path) for path in paths]
    db = Pool(api.database_url or "", size=2)
    try:
        for _ in range(2):
            await rebuild(db, "UTC", first=None)
            assert [get(api, path) for path in paths] == before
        await rebuild(db, "UTC", first=today() - 5 * DAY)
        assert [get(api, path) for path in paths] == before
    finally:
        await db.close()
