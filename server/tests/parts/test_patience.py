"""A server's constants are changed before it starts."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.parts.patience import altered

SCRIPT = "from akako.uploads import landing; print(landing.WAIT_SECONDS)"


@pytest.mark.parametrize("seconds", [7, 0.5])
def test_a_program_has_other_constants(seconds: float) -> None:
    environment = os.environ | altered({"akako.uploads.landing.WAIT_SECONDS": seconds})
    shown = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
    )
    assert (shown.stdout, shown.stderr) == (f"{seconds}\n", "")


def test_a_constant_that_does_not_exist_is_reported() -> None:
    environment = os.environ | altered({"akako.uploads.landing.WAITS_SECONDS": 1})
    shown = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False
    )
    assert shown.returncode != 0
    assert "WAITS_SECONDS" in shown.stderr
