"""One installation of the npm packages for all test processes of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.tools import install
from tests.sdk.packages import once


@pytest.fixture(scope="session")
def tools(shared: Path) -> Path:
    """A copy of the folder `contract` with its npm packages installed; returns it."""
    return once(shared / "contract-tools", install)
