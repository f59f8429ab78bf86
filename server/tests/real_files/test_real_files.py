"""Files that widespread programs write are accepted, and come back byte for byte and inert."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

import httpx2
import pytest

from tests.library.school import Topic, add_topic, put_video, upload, uploaded
from tests.parts.samples import ALL_TYPES
from tests.parts.server import Server
from tests.real_files.documents import DOCUMENTS
from tests.real_files.media import MEDIA
from tests.real_files.users import ALTERED, TEXTS
from tests.uploads.tus import append, begun, create, plan

JAVASCRIPT = Path(__file__).parent / "javascript"
WRITTEN = DOCUMENTS | MEDIA | ALTERED
TYPES = ALL_TYPES | {"jpeg": "image/jpeg", "jfif": "image/jpeg", "ogv": "video/ogg"}
SCRIPTED = [
    *("exceljs.xlsx", "exceljs.csv", "docx.docx", "pdfkit.pdf", "SheetJS.xlsx", "SheetJS.xls"),
    *("SheetJS.ods", "SheetJS.csv", "SheetJS unicode.txt", "SheetJS compressed.xlsx"),
]


@cache
def written(name: str) -> bytes:
    return WRITTEN[name]()


@pytest.fixture(scope="module")
def topics(api: Server) -> list[Topic]:
    return [add_topic(api) for _ in range(3)]


def assert_inert(response: httpx2.Response, content: bytes, mime: str) -> None:
    assert response.status_code == 200
    assert response.content == content
    assert response.headers["content-type"].partition(";")[0] == mime
    assert response.headers["content-disposition"].startswith("attachment; ")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"] == "sandbox; default-src 'none'"


def comes_back(api: Server, topic: Topic, name: str, content: bytes) -> httpx2.Response:
    """Upload the file by a form and return the download of it, which must be the same and inert."""
    ending = name.rpartition(".")[2]
    if TYPES[ending].startswith("video/"):
        made = uploaded(put_video(api, topic, content, name=name))
        response = api.get(made["videoUrl"], as_="admin")
    else:
        made = uploaded(upload(api, topic, name, content))
        response = api.get(made["url"], as_="admin")
    assert (made["mimeType"], made["size"]) == (TYPES[ending], len(content))
    assert_inert(response, content, TYPES[ending])
    return response


@pytest.mark.parametrize("name", WRITTEN)
def test_files_of_python_packages_and_ffmpeg(api: Server, topics: list[Topic], name: str) -> None:
    comes_back(api, topics[0], name, written(name))


@pytest.mark.parametrize("name", TEXTS)
def test_texts(api: Server, topics: list[Topic], name: str) -> None:
    content, charset = TEXTS[name]
    announced = comes_back(api, topics[1], name, content).headers["content-type"]
    mime = TYPES[name.rpartition(".")[2]]
    assert announced == (f"{mime}; charset={charset}" if charset else mime)


@pytest.mark.parametrize(
    "name",
    [
        "python-docx.docx",
        "protected.xlsx",
        "after 1,024 bytes.pdf",
        "deflated mimetype.odt",
        "ffmpeg with other brands.mp4",
        "ffmpeg as MP4.mov",
        "ffmpeg.webm",
        "Excel on Windows.csv",
        "Notepad Unicode.txt",
        "starts with a comment.md",
    ],
)
def test_resumable_uploads(api: Server, topics: list[Topic], name: str) -> None:
    content = TEXTS[name][0] if name in TEXTS else written(name)
    mime = TYPES[name.rpartition(".")[2]]
    kind = "video" if mime.startswith("video/") else "document"
    metadata = plan(topics[2], kind=kind, filename=name, filetype=None)
    path = begun(create(api, len(content), metadata))
    # The first piece is shorter than the longest signature.
    assert append(api, path, 0, content[:5]).status_code == 204
    finished = append(api, path, 5, content[5:])
    assert finished.status_code == 204, finished.text
    assert_inert(api.get(finished.headers["upload-result"], as_="admin"), content, mime)


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the files of the JavaScript packages, installed from their lock file."""
    folder = tmp_path_factory.mktemp("writers")
    for path in JAVASCRIPT.iterdir():
        if path.is_file():
            shutil.copy(path, folder)
    install = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(install, cwd=folder, capture_output=True, check=True, timeout=240)
    written_to = folder / "written"
    written_to.mkdir()
    write = ["node", "write.mjs", str(written_to)]
    subprocess.run(write, cwd=folder, capture_output=True, check=True, timeout=120)
    return written_to


@pytest.mark.timeout(400)
@pytest.mark.skipif(not shutil.which("npm"), reason="the packages run on Node.js")
def test_files_of_javascript_packages(api: Server, scripted: Path) -> None:
    topic = add_topic(api)
    assert sorted(path.name for path in scripted.iterdir()) == sorted(SCRIPTED)
    for name in SCRIPTED:
        comes_back(api, topic, name, (scripted / name).read_bytes())
