"""What an archive holds of the web app."""

from __future__ import annotations

from tests.backup.school import whole


def test_no_session_and_no_key_is_in_an_archive(archive: bytes) -> None:
    """A restore must not revive sessions that have ended, and no archive may sign a person in."""
    tables = whole(archive)
    assert {"users", "topic_progress", "notes", "notifications", "webhook_endpoints"} <= set(tables)
    assert not {"web_sessions", "web_sign_ins", "web_keys", "media_link_key"} & set(tables)
