"""The writes that invalidate cached public responses."""

from __future__ import annotations

from akako.rooms import endpoints


def test_these_writes_invalidate_the_public_cache() -> None:
    """Each of them can change what a caller without a token sees."""
    declared = {f"{each.method} {each.path}" for each in endpoints() if each.changes_public}
    nodes = [("levels", "level"), ("grades", "grade"), ("subjects", "subject"), ("topics", "topic")]
    admin = "/api/admin/education"
    assert declared == {
        *(f"POST {admin}/{plural}" for plural, _ in nodes),
        *(f"PUT {admin}/{plural}/{{{name}_id}}" for plural, name in nodes),
        *(f"DELETE {admin}/{plural}/{{{name}_id}}" for plural, name in nodes),
        *(f"POST {admin}/{plural}/{{{name}_id}}/restore" for plural, name in nodes),
        f"PUT {admin}/subjects/{{subject_id}}/topic-order",
        "POST /api/s3/document/upload",
        f"PUT {admin}/topics/{{topic_id}}/documents/{{document_id}}",
        f"DELETE {admin}/topics/{{topic_id}}/documents/{{document_id}}",
        f"POST {admin}/topics/{{topic_id}}/documents/{{document_id}}/restore",
        f"PUT {admin}/topics/{{topic_id}}/video/name",
        *(f"{method} {admin}/topics/{{topic_id}}/video" for method in ("PUT", "DELETE")),
        "POST /api/uploads",
        "PATCH /api/uploads/{upload_id}",
        "POST /api/auth/sync",
        "PUT /api/auth/profile",
        "PUT /api/users/{user_id}",
        "PUT /api/admin/mentor/{mentor_application_id}/approve",
        "POST /api/admin/mentor/decisions",
        "POST /api/admin/mentor/{mentor_application_id}/reopen",
        "POST /api/webhooks/clerk",
    }
