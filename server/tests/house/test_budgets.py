"""Files, functions and packages stay small enough to be read."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.project import ROOT, SERVER

FILE_LINES = 300
PACKAGE_LINES = 1200
KERNEL_LINES = 6000  # with all its packages
BUDGETS = {"kernel/http": 1800, "migrations/versions": 10_000}  # revisions are never shortened
FUNCTION_MEDIAN, FUNCTION_P95, FUNCTION_MAX = 10, 30, 60
NO_NAMES = {"utils", "helpers", "common", "manager"}

SOURCES = [path for path in (SERVER, ROOT / "sdk" / "python" / "akako_lms") if path.is_dir()]


def line_count(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def long_files(folder: Path) -> list[str]:
    sizes = ((path, line_count(path)) for path in sorted(folder.rglob("*.py")))
    return [f"{path}: {lines} lines" for path, lines in sizes if lines > FILE_LINES]


def function_sizes(folder: Path) -> Iterator[tuple[str, int]]:
    """Every function with its lines, from `def` to its last."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                yield f"{path}:{node.lineno} {node.name}", node.end_lineno - node.lineno + 1


def function_faults(folder: Path) -> list[str]:
    sizes = dict(function_sizes(folder))
    faults = [f"{name}: {lines} lines" for name, lines in sizes.items() if lines > FUNCTION_MAX]
    if len(sizes) < 2:
        return faults
    median = statistics.median(sizes.values())
    p95 = statistics.quantiles(sizes.values(), n=20, method="inclusive")[-1]
    if median > FUNCTION_MEDIAN:
        faults.append(f"{folder}: the median function has {median:g} lines")
    if p95 > FUNCTION_P95:
        longest = sorted(sizes, key=lambda name: -sizes[name])[:10]
        faults.append(f"{folder}: 5 in 100 functions exceed {p95:g} lines, such as {longest}")
    return faults


def large_packages(top: Path) -> list[str]:
    """Packages above their budget. A package inside another one counts on its own."""
    packages = [each for each in sorted(top.rglob("*")) if each.is_dir()]
    sizes = {
        each.relative_to(top).as_posix(): sum(map(line_count, each.glob("*.py")))
        for each in packages
    }
    return [
        f"{name}: {lines} lines"
        for name, lines in sizes.items()
        if lines > BUDGETS.get(name, PACKAGE_LINES)
    ]


def vague_names(folder: Path) -> list[str]:
    """Modules and packages whose name does not say what they hold."""
    names = ((path, path.stem) for path in sorted(folder.rglob("*")))
    return [
        str(path) for path, name in names if name in NO_NAMES or name.startswith(("base_", "_base"))
    ]


@pytest.mark.parametrize("folder", [*SOURCES, ROOT / "server" / "tests"], ids=str)
def test_no_file_is_too_long(folder: Path) -> None:
    assert long_files(folder) == []


@pytest.mark.parametrize("folder", SOURCES, ids=str)
def test_functions_are_short(folder: Path) -> None:
    assert function_faults(folder) == []


def test_no_package_is_too_large() -> None:
    assert large_packages(SERVER) == []


def test_the_kernel_is_small() -> None:
    assert sum(map(line_count, (SERVER / "kernel").rglob("*.py"))) <= KERNEL_LINES


@pytest.mark.parametrize("folder", SOURCES, ids=str)
def test_every_module_is_named_for_what_it_holds(folder: Path) -> None:
    assert vague_names(folder) == []


def function_of(lines: int, name: str = "f") -> str:
    return f"def {name}():\n" + "    pass\n" * (lines - 1)


def test_one_line_too_many_is_seen(tmp_path: Path) -> None:
    (tmp_path / "fits.py").write_text("x = 1\n" * FILE_LINES)
    assert long_files(tmp_path) == []
    (tmp_path / "long.py").write_text("x = 1\n" * (FILE_LINES + 1))
    assert long_files(tmp_path) == [f"{tmp_path / 'long.py'}: 301 lines"]


def test_a_long_function_is_seen(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("class C:\n    async def m(self):\n" + "        pass\n" * FUNCTION_MAX)
    assert function_faults(tmp_path) == [f"{module}:2 m: 61 lines"]
    module.write_text(function_of(FUNCTION_MAX))
    assert function_faults(tmp_path) == []


@pytest.mark.parametrize(
    ("sizes", "fault"),
    [
        ([11] * 20, "median"),
        ([5] * 18 + [31] * 2, "5 in 100"),
        ([10] * 19 + [60], None),
    ],
)
def test_many_longish_functions_are_seen(
    tmp_path: Path, sizes: list[int], fault: str | None
) -> None:
    text = "".join(function_of(size, f"f{number}") for number, size in enumerate(sizes))
    (tmp_path / "module.py").write_text(text)
    faults = function_faults(tmp_path)
    assert len(faults) == (1 if fault else 0)
    assert fault is None or fault in faults[0]


def test_a_large_package_is_seen(tmp_path: Path) -> None:
    for package in ("library", "library/sending", "kernel/http"):
        (tmp_path / package).mkdir(parents=True)
        for part in range(5):
            (tmp_path / package / f"part{part}.py").write_text("x = 1\n" * 250)
    assert large_packages(tmp_path) == ["library: 1250 lines", "library/sending: 1250 lines"]


@pytest.mark.parametrize("name", ["utils.py", "helpers", "common.py", "manager.py", "base_room.py"])
def test_a_vague_name_is_seen(tmp_path: Path, name: str) -> None:
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "service.py").touch()
    assert vague_names(tmp_path) == []
    (tmp_path / "room" / name).touch()
    assert vague_names(tmp_path) == [str(tmp_path / "room" / name)]
