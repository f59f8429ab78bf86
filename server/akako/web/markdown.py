"""Render the Markdown of a topic as safe HTML."""

from __future__ import annotations

import re
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

# `h1` belongs to the page, so the headings of a text begin one step lower.
LOWER = {"h1": "h2", "h2": "h3", "h3": "h4", "h4": "h5", "h5": "h6", "h6": "h6"}
TAGS = {
    *("h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "em", "strong", "s", "code", "pre"),
    *("blockquote", "ul", "ol", "li", "a", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto"}

# The signs of Markdown in a part of a text: emphasis, code, headings, quotes; and links.
SIGNS = re.compile(
    r"(?<!\s)\*{1,3}|\*{1,3}(?!\s)|(?<!\w)_{1,3}|_{1,3}(?!\w)|`+|(?<!\S)(?:#{1,6}|>+)\s+"
)
LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)")

_parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
# Images of other hosts would tell them who reads. An image becomes a link to it.
_parser.disable("image")


@lru_cache(maxsize=256)
def render(text: str) -> Markup:
    """Return the HTML of a text. Raw HTML in it is shown as text."""
    tokens = _parser.parse(text)
    for token in tokens:
        token.tag = LOWER.get(token.tag, token.tag)
    html = _parser.renderer.render(tokens, _parser.options, {})
    clean = nh3.clean(
        html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel="noopener nofollow"
    )
    return Markup(clean)  # noqa: S704 - cleaned in the line above


def plain(text: str) -> str:
    """Return a part of a text without the signs of Markdown, for lists that show excerpts."""
    return SIGNS.sub("", LINK.sub(r"\1", text)).strip()
