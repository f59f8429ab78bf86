"""One installation of the npm packages for all tests of a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.tools import install


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the folder `contract` with its npm packages installed; returns it."""
    return install(tmp_path_factory.mktemp("tools"))
