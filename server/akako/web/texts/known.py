"""Translate the texts of templates once, when a template is compiled, instead of on each page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

# `_("text")`, and the same alone between `{{` and `}}`.
CALL = ("name", "lparen", "string", "rparen")
PRINTED = ("variable_begin", *CALL, "variable_end")


class KnownTexts(Extension):
    """Replace `_("text")` by the text in the language of the environment.

    A page has some 50 of them. Texts with values, `_("text", name=value)`, are still calls.
    """

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        tokens, at = list(stream), 0
        while at < len(tokens):
            if _is_call(tokens[at + 1 : at + 5]) and _types(tokens[at : at + 6]) == PRINTED:
                yield Token(tokens[at].lineno, "data", self._translated(tokens[at + 3]))
                at += len(PRINTED)
            elif _is_call(tokens[at : at + 4]):
                yield from _safe(tokens[at].lineno, self._translated(tokens[at + 2]))
                at += len(CALL)
            else:
                yield tokens[at]
                at += 1

    def _translated(self, text: Token) -> str:
        translate: Any = self.environment.globals["_"]
        return str(translate(text.value))


def _types(tokens: Sequence[Token]) -> tuple[str, ...]:
    return tuple(each.type for each in tokens)


def _is_call(tokens: Sequence[Token]) -> bool:
    return bool(tokens) and tokens[0].value == "_" and _types(tokens) == CALL


def _safe(line: int, text: str) -> Iterator[Token]:
    """Yield the tokens of `("text"|safe)`, which Jinja evaluates when it compiles."""
    yield Token(line, "lparen", "(")
    yield Token(line, "string", text)
    yield Token(line, "pipe", "|")
    yield Token(line, "name", "safe")
    yield Token(line, "rparen", ")")
