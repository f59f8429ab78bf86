"""After a soak: progress, notes and sessions are there, decisions and events are announced."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import psycopg

from akako.analytics import rollup
from akako.backends.database.pool import Pool
from tests.soak.learning import SLOT_SECONDS
from tests.soak.ledger import NOTHING, Place
from tests.soak.load import School

SETTLE_SECONDS = 120.0  # claims of killed processes expire, and refused events are sent again
# Each finds what must not exist.
BROKEN = {
    "a notification of a decision that was undone": """
        select n.about from notifications n join enrollments e on e.id = n.about
        where n.type like 'enrollment.%' and n.type <> 'enrollment.' || lower(e.status)
        """,
    "a decision without exactly one notification": """
        select e.id from enrollments e where e.status in ('APPROVED', 'REJECTED')
        and (select count(*) from notifications n where n.about = e.id) <> 1
        """,
    "a completion without exactly one event": """
        select p.user_id || ' ' || p.topic_id from topic_progress p
        where p.first_completed_at is not null and (select count(*) from outbox o
            where o.type = 'topic.completed' and o.data ->> 'userId' = p.user_id
            and o.data ->> 'topicId' = p.topic_id) <> 1
        """,
}
UNSETTLED = """
select o.id from outbox o join webhook_endpoints e on o.created_at >= e.active_since
where not exists (select from webhook_deliveries d where d.event_id = o.id
    and d.endpoint_id = e.id and d.status in ('DELIVERED', 'FAILED'))
"""
DELIVERED = "select event_id from webhook_deliveries where status = 'DELIVERED'"
FIGURES = "select * from analytics_days order by zone, day"


class LearningAudit:
    """Compares the school with what was promised; `lost` names each difference."""

    def __init__(self, school: School) -> None:
        self._school = school
        self.lost: list[str] = []

    async def check(self) -> list[str]:
        learned = self._school.ledger.learned
        for place in learned.watched.keys() | {*learned.marked}:
            await self._progress(place)
        for place, allowed in learned.notes.items():
            await self._note(place, allowed)
        for who, visitor in self._school.visitors.items():
            page = await self._school.http.get("/home", headers={"Cookie": visitor.cookie})
            if page.status_code != 200:
                self.lost.append(f"session of {who}: {page.status_code}")
        await self._events()
        await asyncio.to_thread(self._database)
        await self._figures()
        return self.lost

    async def _read(self, path: str, who: str) -> Any:
        answer = await self._school.http.get(path, headers=self._school.tokens[who])
        return answer.json().get("data") if answer.status_code == 200 else None

    async def _progress(self, place: Place) -> None:
        learned = self._school.ledger.learned
        found = await self._read(f"/api/progress/topics/{place[1]}", place[0])
        least = learned.watched.get(place, set())
        most = least | learned.unsure.get(place, set())
        seconds = found and found["watchedSeconds"]
        if not found or not len(least) * SLOT_SECONDS <= seconds <= len(most) * SLOT_SECONDS:
            self.lost.append(f"progress of {place}: {seconds} s, promised {len(least)} slots")
        if place in learned.marked and not (found and found["status"] == "COMPLETED"):
            self.lost.append(f"mark of {place}")

    async def _note(self, place: Place, allowed: set[str]) -> None:
        found = await self._read(f"/api/notes/topics/{place[1]}", place[0])
        text = found["content"] if found else NOTHING
        if text not in allowed:
            self.lost.append(f"note of {place}: found {text}, promised {' or '.join(allowed)}")

    async def _events(self) -> None:
        """Every event was delivered, or is listed as failed."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while (left := await asyncio.to_thread(self._rows, UNSETTLED)) and (
            time.monotonic() < deadline
        ):
            await asyncio.sleep(1)
        self.lost += [f"event {id_}: neither delivered nor listed as failed" for id_ in left]
        received = {each.id for each in list(self._school.stage.receiver.received)}
        delivered = await asyncio.to_thread(self._rows, DELIVERED)
        if not delivered:
            self.lost.append("no event was delivered")
        self.lost += [
            f"event {id_}: marked as delivered, and never received"
            for id_ in delivered
            if id_ not in received
        ]

    def _rows(self, sql: str) -> list[str]:
        with psycopg.connect(self._school.stage.url) as db:
            return [str(row[0]) for row in db.execute(sql.encode())]

    def _database(self) -> None:
        self.lost += [f"{what}: {each}" for what, sql in BROKEN.items() for each in self._rows(sql)]

    async def _figures(self) -> None:
        """The roll-ups that ran under load are those of a rebuild."""
        db = Pool(self._school.stage.url, size=2)
        try:
            await rollup.roll_up(db, "UTC")
            found = [tuple(row) for row in await db.fetch(FIGURES)]
            await rollup.rebuild(db, "UTC", first=None)
            if [tuple(row) for row in await db.fetch(FIGURES)] != found:
                self.lost.append("figures differ from those of a rebuild")
        finally:
            await db.close()
