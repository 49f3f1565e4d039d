"""The Chromium that browser tests drive: one that is there already."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

CHROMIUM = os.environ.get("STANCE_CHROMIUM") or shutil.which("chromium")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None,
    reason="no chromium on the path: install one, or name it in STANCE_CHROMIUM",
)
OPTIONS = [
    *("--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
]
expect.set_options(timeout=20_000)  # ms: a second on an idle machine; a test machine is never idle


@contextmanager
def launched() -> Iterator[Browser]:
    """Give a browser, closed at the end."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*OPTIONS, *(["--no-sandbox"] if root else [])]
        )
        yield browser
        browser.close()
