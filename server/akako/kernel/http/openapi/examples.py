"""Examples of request bodies: those of the API's reference, else made from the fields' own."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

ID = "0199f3c2a7b47c1e8d5a6b7c8d9e0f10"
FILE = "<binary_data>"

BY_OPERATION: dict[str, Any] = {
    "createLevel": {"name": "High School", "description": "Secondary education"},
    "createGrade": {"name": "Grade 1", "educationLevelId": ID, "level": "primary"},
    "createSubject": {"name": "Mathematics", "gradeId": ID},
    "createTopic": {"name": "Addition", "subjectId": ID, "content": "One and one is two."},
    "uploadDocument": {
        "file": FILE,
        "topicId": "topic_id_here",
        "metadata": '{"name": "document.pdf", "description": "Study material"}',
    },
    "uploadVideo": {"video": FILE},
    "beginUpload": FILE,
    "appendToUpload": FILE,
    "decideEnrollments": {"decisions": [{"id": ID, "decision": "approve"}]},
    "applyAsMentor": {"motivation": "I have taught mathematics for five years."},
    "receiveClerkWebhook": {
        "type": "user.created",
        "data": {
            "id": "user_123",
            "email_addresses": [],
            "first_name": "John",
            "last_name": "Doe",
        },
    },
}


def example(operation: str, schema: Schema) -> Any:
    """A body for the operation; None where a required field has no example.

    Moments are left out, for none stays valid, and so are clearable fields unless there are no
    others.
    """
    if operation in BY_OPERATION:
        return BY_OPERATION[operation]
    required = set(schema.get("required", ()))
    properties: Schema = schema.get("properties", {})
    fields = {name: each for name, each in properties.items() if "readOnly" not in each}
    # Of choices the last: whoever tries an example out should not make an administrator by it.
    plain = {
        name: (_examples(each) or each["enum"][-1:])[0]
        for name, each in fields.items()
        if _examples(each) or (name in required and "enum" in each)
    }
    if not required <= plain.keys():
        return None
    return plain or _clearable(fields) or None


def _clearable(fields: Schema) -> Schema:
    found = {name: _examples(each["anyOf"][0]) for name, each in fields.items() if "anyOf" in each}
    return {name: examples[0] for name, examples in found.items() if examples}


def _examples(field: Schema) -> list[Any]:
    return [] if field.get("format") == "date-time" else field.get("examples", [])
