"""Every text of the web app has a translation, whose placeholders are those of the source."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

from akako.web import errors, languages
from akako.web.forms import unsent
from akako.web.pages import requests
from tests.house.project import SERVER, tree

WEB = SERVER / "web"
MODULES = [*WEB.rglob("*.py"), SERVER / "notifications" / "texts.py"]
LANGUAGES = ("fr",)
METHODS = [("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"extensions": "jinja2.ext.i18n", "silent": "false"}}
CALLED = {"text", "translate", "gettext", "_counted", "counted", "_said", "say"}
PLACEHOLDER = re.compile(r"%\(\w+\)[ds]|%%")


def texts() -> set[str]:
    """Return the texts of templates and handlers, of plural forms the singular."""
    jinja2.Environment(extensions=["jinja2.ext.i18n"])  # the extractor needs the extension
    found = extract_from_dir(WEB, METHODS, OPTIONS, DEFAULT_KEYWORDS)
    templates = {each[2][0] if isinstance(each[2], tuple) else each[2] for each in found}
    tables = {text for pair in (*errors.TITLES.values(), errors.SIGN_IN) for text in pair} | set(
        requests.WORDS.values()
    )
    tables |= set(unsent.LABELS.values())
    return tables | templates | {text for path in MODULES for text in called(path)}


def called(path: Path) -> Iterator[str]:
    """Yield the literal texts that a module passes to the functions that translate."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and name_of(node.func) in CALLED:
            literals = [each.value for each in node.args if isinstance(each, ast.Constant)]
            yield from [each for each in literals[:1] if isinstance(each, str)]


def name_of(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    with (WEB / "locales" / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    wanted = texts()
    assert len(wanted) > 100
    assert sorted(text for text in wanted if text not in catalogue) == []
    assert [each.id for each in catalogue if each.id and not _whole(each.string)] == []


def _whole(translated: object) -> bool:
    """Return whether a text has a translation, or each of its plural forms."""
    forms = translated if isinstance(translated, list | tuple) else [translated]
    return all(forms)


@pytest.mark.parametrize("number", [0, 1, 2, 5, 18, 1_000_000])
def test_plural_forms_are_in_the_language_of_the_page(number: int) -> None:
    texts = languages.translations("fr")
    said = texts.ngettext("%(num)d hit", "%(num)d hits", number) % {"num": number}
    assert said == f"{number} résultat{'s' if number > 1 else ''}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_are_those_of_the_source(language: str) -> None:
    with (WEB / "locales" / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    different = [
        text
        for each in catalogue
        if each.id
        for source, text in zip(forms(each.id), forms(each.string), strict=False)
        if sorted(PLACEHOLDER.findall(str(source))) != sorted(PLACEHOLDER.findall(str(text)))
    ]
    assert different == []


def forms(text: object) -> list[str]:
    """Return the plural forms of a message, or the only one."""
    return [str(each) for each in text] if isinstance(text, list | tuple) else [str(text)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_translated_twice(language: str) -> None:
    written = (WEB / "locales" / f"{language}.po").read_text(encoding="utf-8")
    identifiers = re.findall(r'^msgid (".*"(?:\n".*")*)', written, flags=re.MULTILINE)
    assert [each for each, count in Counter(identifiers).items() if count > 1] == []
