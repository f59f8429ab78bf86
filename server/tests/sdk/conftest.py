"""The SDKs as they are installed; built once for all test processes of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sdk.packages import build_python, build_typescript, once


@pytest.fixture(scope="session")
def typescript(shared: Path) -> Path:
    return once(shared / "sdk-typescript", build_typescript)


@pytest.fixture(scope="session")
def python(shared: Path) -> Path:
    return once(shared / "sdk-python", build_python)
