"""Find test functions that cannot fail by a comparison: without an assertion, direct or called.

A test asserts if it contains `assert`, `pytest.raises`, `pytest.warns`, `pytest.fail` or `expect`
of Playwright, if it runs a state machine of Hypothesis, or if it calls a function or method of the
tests that asserts and whose module or class the syntax tree reveals.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
ASSERTING = {
    ("hypothesis.stateful", "run_state_machine_as_test"),
    ("pytest", "raises"),
    ("pytest", "warns"),
    ("pytest", "fail"),
    ("playwright.sync_api", "expect"),
}
# Its client checks every response against the contract, which is no test's own subject.
CLIENT = "tests.parts.server"
Name = tuple[str, str]  # a module, and a function of it or `Class.method`


class Module:
    """The functions of a module, and where its names come from."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.functions: dict[str, FUNCTIONS] = {}
        self.origins: dict[str, Name] = {}
        self.modules: dict[str, str] = {}
        tree = ast.parse(text)
        for node in ast.walk(tree):
            self._note_import(node)
        for node in tree.body:
            if isinstance(node, FUNCTIONS):
                self.functions[node.name] = node
            elif isinstance(node, ast.ClassDef):
                methods = (each for each in node.body if isinstance(each, FUNCTIONS))
                self.functions |= {f"{node.name}.{each.name}": each for each in methods}

    def _note_import(self, node: ast.AST) -> None:
        if isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                name = each.asname or each.name
                self.origins[name] = (node.module, each.name)
                self.modules[name] = f"{node.module}.{each.name}"
        elif isinstance(node, ast.Import):
            for each in node.names:
                self.modules[each.asname or each.name] = each.name

    def called(self, function: FUNCTIONS) -> Iterator[Name]:
        """Yield the functions and methods that a function calls or enters, as far as is visible."""
        types = self._types(function)
        for node in ast.walk(function):
            if not isinstance(node, ast.Call):
                continue
            yield from self._methods_of_classes(node.args)
            target = node.func
            if isinstance(target, ast.Name):
                yield self.origins.get(target.id, (self.name, target.id))
            elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                owner = target.value.id
                if owner in types:
                    module, kind = types[owner]
                    yield module, f"{kind}.{target.attr}"
                elif owner in self.modules:
                    yield self.modules[owner], target.attr

    def _methods_of_classes(self, arguments: list[ast.expr]) -> Iterator[Name]:
        """Yield the methods of classes that are passed on, such as state machines to run."""
        for each in arguments:
            if isinstance(each, ast.Name):
                prefix = f"{each.id}."
                yield from ((self.name, name) for name in self.functions if name.startswith(prefix))

    def _types(self, function: FUNCTIONS) -> dict[str, Name]:
        """Return the classes of the parameters, as annotated."""
        arguments = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
        annotated = {
            each.arg: each.annotation.id
            for each in arguments
            if isinstance(each.annotation, ast.Name)
        }
        return {name: self.origins.get(kind, (self.name, kind)) for name, kind in annotated.items()}


def asserts_itself(function: FUNCTIONS) -> bool:
    return any(isinstance(node, ast.Assert) for node in ast.walk(function))


def asserting(modules: list[Module]) -> set[Name]:
    """Return the functions that assert, themselves or through what they call."""
    functions = {
        (module.name, name): (module, function)
        for module in modules
        for name, function in module.functions.items()
        if module.name != CLIENT
    }
    calls = {name: set(module.called(each)) for name, (module, each) in functions.items()}
    found = ASSERTING | {name for name, (_, each) in functions.items() if asserts_itself(each)}
    while more := {name for name, called in calls.items() if called & found} - found:
        found |= more
    return found


def without_assertion(modules: list[Module]) -> list[str]:
    """Return the test functions that assert nothing, as `module::name`."""
    found = asserting(modules)
    return [
        f"{module.name}::{name}"
        for module in modules
        if module.name.rpartition(".")[2].startswith("test_")
        for name in module.functions
        if name.rpartition(".")[2].startswith("test_") and (module.name, name) not in found
    ]


def read(folder: Path, package: str) -> list[Module]:
    """Return every module below a folder, named as tests import it."""
    prefix = f"{package}." if package else ""
    return [
        Module(
            prefix + ".".join(path.relative_to(folder).with_suffix("").parts),
            path.read_text(encoding="utf-8"),
        )
        for path in sorted(folder.rglob("*.py"))
    ]
