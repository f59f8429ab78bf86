"""What templates name as constants is evaluated once, when a template is compiled."""

from __future__ import annotations

import jinja2
import pytest

from akako.web import rendering
from akako.web.assets.marks import asset
from akako.web.languages import LANGUAGES


def said(environment: jinja2.Environment, text: str) -> str:
    """Return a text in the language of the environment."""
    return environment.from_string("{{ _(text) }}").render(text=text)


@pytest.fixture(params=sorted(LANGUAGES))
def environment(request: pytest.FixtureRequest) -> jinja2.Environment:
    return rendering.environment(request.param)


def test_texts_icons_and_addresses_cost_a_page_nothing(environment: jinja2.Environment) -> None:
    source = '<p>{{ _("Skip to content") }}{{ "next"|icon }}{{ "app.css"|asset }}</p>'
    sprite = asset("icons.svg")
    icon = f'<svg class="icon flip" aria-hidden="true"><use href="{sprite}#next"/></svg>'
    shown = f"<p>{said(environment, 'Skip to content')}{icon}{asset('app.css')}</p>"
    assert environment.from_string(source).render() == shown
    assert repr(shown) in str(environment.compile(source, raw=True))  # one literal


def test_a_text_is_not_escaped_twice_within_an_expression() -> None:
    made = rendering.environment("fr")
    shown = made.from_string('{{ [_("Too many requests"), name]|join(" ") }}').render(name="<b>")
    assert shown == f"{said(made, 'Too many requests')} &lt;b&gt;"


def test_a_text_with_values_escapes_them(environment: jinja2.Environment) -> None:
    source = '{{ _("Account of %(name)s", name=name) }}'
    assert environment.from_string(source).render(name="<b>").endswith("&lt;b&gt;")


def test_the_token_of_a_form_is_that_of_the_page(environment: jinja2.Environment) -> None:
    """Macros are made once for all pages."""
    made = environment.from_string(
        '{% from "components/controls.html" import action %}{{ action("/here", "Go") }}'
    )
    for token in ("first", "second"):
        before = rendering.current_field.set(rendering.FIELD.format("form_token", token))
        assert f'value="{token}"' in made.render()
        rendering.current_field.reset(before)
