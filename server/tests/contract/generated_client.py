"""A program that uses the client of openapi-python-client; the test generates it beside this file.

python generated_client.py URL TOKEN TOPIC
"""

import io
import sys

from akako_generated import AuthenticatedClient  # type: ignore[import-not-found]
from akako_generated.api.education_system import create_level, list_levels  # type: ignore[import-not-found]
from akako_generated.api.file_management import (  # type: ignore[import-not-found]
    create_document_link,
    stream_document,
    upload_document,
)
from akako_generated.models import (  # type: ignore[import-not-found]
    ConflictError,
    LevelCreate,
    UploadDocumentBody,
)
from akako_generated.types import File  # type: ignore[import-not-found]

url, token, topic = sys.argv[1:]
client = AuthenticatedClient(base_url=url, token=token)

created = create_level.sync(client=client, body=LevelCreate(name="Generated"))
assert created.success is True
again = create_level.sync(client=client, body=LevelCreate(name="Generated"))
assert isinstance(again, ConflictError), again
assert (again.code, again.details.field) == ("CONFLICT", "name")
listed = list_levels.sync(client=client, limit=100)
assert "Generated" in [each.name for each in listed.data], listed
assert listed.pagination.page == 1

content = b"Two and two are four."
file = File(payload=io.BytesIO(content), file_name="notes.txt", mime_type="text/plain")
body = UploadDocumentBody(file=file, topic_id=topic)
document = upload_document.sync(client=client, body=body).data
assert document.size == len(content)
streamed = stream_document.sync_detailed(client=client, document_id=document.id)
assert (streamed.status_code, streamed.content) == (200, content)
assert streamed.parsed.payload.read() == content
link = create_document_link.sync(document.id, client=client).data
assert link.url.startswith("/api/media/")
