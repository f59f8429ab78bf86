"""The two examples as the API reference prints them, and how examples reach a test's server."""

from __future__ import annotations

import re
from pathlib import Path

PYTHON = """\
from akako_lms import AkakoAPI

api = AkakoAPI(
    base_url='https://akako.example.com/api',
    token='your_jwt_token'
)

# Get education levels
levels = api.education.get_levels()

# Create new level
new_level = api.education.create_level(
    name='High School',
    description='Secondary education'
)
"""
TYPESCRIPT = """\
import { AkakoAPI } from '@akako/lms-sdk';

const api = new AkakoAPI({
  baseURL: 'https://akako.example.com/api',
  token: 'your_jwt_token'
});

// Get education levels
const levels = await api.education.getLevels();

// Create new level
const newLevel = await api.education.createLevel({
  name: 'High School',
  description: 'Secondary education'
});
"""
# What a program says after the example.
PYTHON_END = "print([level.name for level in levels], new_level.name, new_level.description)\n"
TYPESCRIPT_END = (
    "console.log(levels.map((level) => level.name), newLevel.name, newLevel.description);\n"
)


def at(example: str, url: str, token: str) -> str:
    """The example with another address and token, and nothing else changed."""
    placed = example.replace("https://akako.example.com/api", f"{url}/api")
    return placed.replace("your_jwt_token", token)


def as_commonjs(example: str, importing: str) -> str:
    """The TypeScript example as a CommonJS module, which cannot await outside of functions."""
    first, _, rest = example.partition("\n")
    assert first.startswith("import ")
    return f"{importing}\nasync function main() {{\n{rest}}}\nvoid main();\n"


def examples(page: Path, language: str) -> str:
    """All blocks of a page in that language, as one program."""
    text = page.read_text(encoding="utf-8")
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
