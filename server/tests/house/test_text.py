"""No file tells where it was made, or where packages came from, or a secret."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.house.project import ROOT, project_files

# Put together from parts, so that this file does not hold what it looks for.
FORBIDDEN = {
    "address of a package index": re.compile(
        "|".join(
            [
                r"pypi\.(org|io)",
                r"python" + r"hosted\.org",
                r"registry\." + r"(npmjs|yarnpkg)",
                r"npm" + r"mirror\.com",
                r"--(extra-)?" + r"index-url",
                r"--find-" + r"links",
                r"://[^\s\"'<>]*/simple(/|\b)",
                r"proxy\." + r"golang\.org",
            ]
        )
    ),
    "path of a machine": re.compile(
        r"(?<![\w.}/-])/(" + r"home/\w|Users/\w|root/|work/|mnt/\w|opt/(pypi|wheels))"
    ),
    "private key": re.compile(r"-----BEGIN [A-Z ]*" + r"PRIVATE KEY-----\s*\w"),
    "live secret": re.compile(r"\bsk_" + r"live_\w"),
    "conflict marker": re.compile(r"^(<{7}|>{7}) ", re.MULTILINE),
}
# uv writes the address of the index on every line of its lock.
FORBIDDEN_NAMES = {"uv.lock", "poetry.lock", "Pipfile.lock", ".env", ".netrc", ".pypirc"}


def text_faults(paths: Iterable[Path]) -> list[str]:
    return [f"{path}: {fault}" for path in paths for fault in _faults(path)]


def _faults(path: Path) -> list[str]:
    if path.name in FORBIDDEN_NAMES:
        return ["must not be committed"]
    content = path.read_bytes()
    if b"\0" in content:
        return []  # an image or another binary
    text = content.decode("utf-8", errors="replace")
    found = ((what, pattern.search(text)) for what, pattern in FORBIDDEN.items())
    faults = [f"{what}: {match[0]}" for what, match in found if match]
    if "\r\n" in text:
        faults.append("has Windows line ends")
    return faults


def test_no_file_tells_what_it_should_not() -> None:
    paths = project_files()
    assert ROOT / "README.md" in paths
    assert text_faults(paths) == []


@pytest.mark.parametrize(
    "line",
    [
        "https://pypi" + ".org/simple/starlette",
        "https://files.python" + "hosted.org/packages/x.whl",
        '"resolved": "https://registry.' + 'npmjs.org/ajv/-/ajv-8.tgz"',
        "pip install --index" + "-url=https://mirror.example x",
        "--find-" + "links=wheels",
        "http://mirror.example/root/" + "simple/",
        "see /home/" + "ada/akako",
        "cp x /ro" + "ot/x",
        'path = "/wo' + 'rk/main"',
        "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIE",
        "key = sk_" + "live_4eC39",
        "<<<<<<" + "< HEAD",
        "one\r\ntwo",
    ],
)
def test_a_forbidden_line_is_seen(tmp_path: Path, line: str) -> None:
    path = tmp_path / "notes.md"
    path.write_text(f"first\n{line}\n", newline="")
    assert len(text_faults([path])) == 1


@pytest.mark.parametrize(
    "line",
    [
        "uv pip compile --no-emit-index" + "-url",
        "a simple/clear rule, /var/lib/akako, https://example.com/work/me",
        "-----BEGIN PUBLIC KEY-----\nMIIB",
        'key = f"-----BEGIN PRIVATE ' + 'KEY-----"',
    ],
)
def test_a_harmless_line_is_not_seen(tmp_path: Path, line: str) -> None:
    path = tmp_path / "notes.md"
    path.write_text(line)
    assert text_faults([path]) == []


def test_a_lock_with_addresses_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "uv.lock"
    path.touch()
    assert text_faults([path]) == [f"{path}: must not be committed"]
