"""Render templates: the Jinja environment of each language, and the facts that every page needs."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import cache, partial
from typing import Any

import jinja2
import msgspec
from markupsafe import Markup

from akako.kernel.core.access import ADMIN, MENTOR
from akako.web import guard, languages
from akako.web.assets import marks
from akako.web.assets.covers import cover_of
from akako.web.texts.known import KnownTexts
from akako.web.texts.wording import filters
from akako.web.visitor import Visitor

# The field of the form token of the page being rendered. Macros are made once for all pages, so
# they cannot read it from the context.
current_field: ContextVar[Markup] = ContextVar("form_token")
FIELD = Markup('<input type="hidden" name="{}" value="{}">')


class User(msgspec.Struct, frozen=True):
    """The signed-in person, as the header shows them."""

    id: str
    name: str
    initials: str
    roles: tuple[str, ...]


class NavItem(msgspec.Struct, frozen=True):
    """A link of the section navigation."""

    href: str
    label: str
    icon: str
    current: bool


class Page(msgspec.Struct, kw_only=True):
    """The facts of a page that its frame shows."""

    title: str
    path: str
    user: User | None
    nav: list[NavItem]
    unread: int
    form_token: str
    language: str
    direction: str
    saves_data: bool = False
    status: str | None = None


def initials(name: str) -> str:
    """Return the first letters of the first and the last word."""
    words = [word for word in name.split() if word]
    return "".join(
        word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)
    ).upper()


def _nav(visitor: Visitor, path: str, translate: Any) -> list[NavItem]:
    if visitor.actor is None:
        return []
    items = [
        ("/home", translate("Home"), "home"),
        ("/browse", translate("Browse"), "browse"),
        ("/notes", translate("Notes"), "note"),
    ]
    if visitor.actor.has(MENTOR):
        items.append(("/teach", translate("Teach"), "teach"))
    if visitor.actor.has(ADMIN):
        items.append(("/admin", translate("Admin"), "admin"))
    return [
        NavItem(href, label, symbol, path == href or path.startswith(f"{href}/"))
        for href, label, symbol in items
    ]


def page(visitor: Visitor, title: str, path: str, *, status: str | None = None) -> Page:
    """Return the facts of a page for this visitor."""
    texts = languages.translations(visitor.language)
    user = None
    if visitor.actor and visitor.session:
        name = visitor.session.name
        user = User(visitor.actor.user_id, name, initials(name), visitor.actor.roles)
    return Page(
        title=title,
        path=path,
        user=user,
        nav=_nav(visitor, path, texts.gettext),
        unread=visitor.unread,
        form_token=guard.masked(visitor.form_token),
        language=visitor.language,
        direction="rtl" if visitor.language in languages.RIGHT_TO_LEFT else "ltr",
        saves_data=visitor.saves_data,
        status=status,
    )


def _translated(gettext: Callable[[str], str], text: str, **values: object) -> Markup:
    """Return a translated text with escaped values.

    The function of Jinja's extension does the same in four times the time, at 50 texts per page.
    """
    translated = Markup(gettext(text))  # noqa: S704 - texts of the templates and catalogues
    return translated % values if values or "%" in translated else translated


@cache
def environment(language: str) -> jinja2.Environment:
    """Return the Jinja environment of a language. It escapes every value."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("akako.web"),
        autoescape=True,
        auto_reload=False,  # otherwise each page asks for the times of all its templates
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n", KnownTexts],
    )
    texts = languages.translations(language)
    made.install_gettext_translations(texts, newstyle=True)  # type: ignore[attr-defined]
    made.globals |= {
        "cover_of": cover_of,
        "form_token": current_field.get,
        "fixed": partial(fixed, language),
        "other_languages": languages.others,
        "_": partial(_translated, texts.gettext),
    }
    made.filters |= {**filters(language), **marks.FILTERS}
    return made


@cache
def fixed(language: str, template: str) -> Markup:
    """Return a part of pages that depends on the language only."""
    text = environment(language).get_template(template).render(page={"language": language})
    return Markup(text.strip())  # noqa: S704 - the text of a template, which escapes its values


def render(template: str, page: Page, **values: object) -> str:
    """Return the HTML of a template in the language of the page."""
    before = current_field.set(FIELD.format(guard.FORM_TOKEN, page.form_token))
    try:
        return environment(page.language).get_template(template).render(page=page, **values)
    finally:
        current_field.reset(before)
