"""Render templates: the Jinja environment of each language, and the facts that every page needs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from importlib.resources import files
from typing import Any

import jinja2
import msgspec
from jinja2.environment import TemplateModule
from markupsafe import Markup

from akako.kernel.core.access import ADMIN, MENTOR
from akako.web import guard, languages
from akako.web.assets.covers import cover_of
from akako.web.texts.wording import FILTERS
from akako.web.visitor import Visitor


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
    macros: dict[str, TemplateModule] = {}  # of the files that are imported, by name


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


@cache
def _manifest() -> dict[str, str]:
    names: dict[str, str] = msgspec.json.decode(
        (files("akako.web") / "static" / "manifest.json").read_bytes()
    )
    return names


def asset(name: str) -> str:
    """Return the address of a static file; its name contains a hash of its content."""
    return f"/static/{_manifest()[name]}"


def _translated(gettext: Callable[[str], str], text: str, **values: object) -> Markup:
    """Return a translated text with escaped values.

    The function of Jinja's extension does the same in four times the time, at 50 texts per page.
    """
    translated = Markup(gettext(text))  # noqa: S704 - texts of the templates and catalogues
    return translated % values if values or "%" in translated else translated


class Component(jinja2.Template):
    """A template whose macros are made once per page, although several templates import them.

    Making the macros of a file anew for each import took a fifth of the time of a page. They read
    only `page` from the context.
    """

    def make_module(
        self, vars: dict[str, Any] | None = None, shared: bool = False, locals: Any = None
    ) -> TemplateModule:
        page = (vars or {}).get("page")
        if not isinstance(page, Page):
            return super().make_module(vars, shared, locals)
        name = str(self.name)
        if name not in page.macros:
            page.macros[name] = super().make_module(vars, shared, locals)
        return page.macros[name]


class Environment(jinja2.Environment):
    template_class = Component


@cache
def environment(language: str) -> jinja2.Environment:
    """Return the Jinja environment of a language. It escapes every value."""
    made = Environment(
        loader=jinja2.PackageLoader("akako.web"),
        autoescape=True,
        auto_reload=False,  # otherwise each page asks for the times of all its templates
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    texts = languages.translations(language)
    made.install_gettext_translations(texts, newstyle=True)  # type: ignore[attr-defined]
    made.globals |= {
        "asset": asset,
        "cover_of": cover_of,
        "fixed": partial(fixed, language),
        "other_languages": languages.others,
        "_": partial(_translated, texts.gettext),
    }
    made.filters |= FILTERS
    return made


@cache
def fixed(language: str, template: str) -> Markup:
    """Return a part of pages that depends on the language only."""
    text = environment(language).get_template(template).render(page={"language": language})
    return Markup(text.strip())  # noqa: S704 - the text of a template, which escapes its values


def render(template: str, page: Page, **values: object) -> str:
    """Return the HTML of a template in the language of the page."""
    return environment(page.language).get_template(template).render(page=page, **values)
