"""A real Chromium without a window. Debian: ``chromium`` and ``chromium-driver``, which are of one version."""

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

from support.tools import lacking

_PATIENCE = 60.0
_PROGRAMS = ("chromium", "chromedriver")


def require_chromium() -> None:
    """Skip where there is no Chromium; in CI, where there must be, fail."""
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if missing:
        lacking(f"{' and '.join(missing)} not found: apt-get install chromium chromium-driver")


@contextmanager
def chromium(folder: Path) -> Iterator["Browser"]:
    """Run one, whose profile is in ``folder``, until the context closes."""
    options = ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for argument in (
        "--headless=new",
        # As root, in a container, there is no other way; the pages are ours.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        f"--user-data-dir={folder}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options, Service(str(shutil.which("chromedriver"))))
    try:
        driver.set_page_load_timeout(_PATIENCE)
        yield Browser(driver)
    finally:
        driver.quit()


class Browser:
    """``driver`` is Selenium's."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def open(self, address: str) -> None:
        """Go there."""
        self.driver.get(address)

    def text(self, selector: str) -> str:
        """Return the text of the first element, shown or not."""
        found = self.driver.execute_script("return document.querySelector(arguments[0])?.textContent", selector)
        return "" if found is None else str(found)

    def eventually(self, selector: str, wanted: Any) -> str:  # noqa: ANN401 - of a text
        """Return the text of an element once ``wanted`` is true of it."""
        wait = WebDriverWait(self.driver, _PATIENCE, poll_frequency=0.1)
        wait.until(lambda _: wanted(self.text(selector)), f"{selector}: {self.text(selector)!r}")
        return self.text(selector)

    def run(self, script: str) -> Any:  # noqa: ANN401 - any JSON
        """Run a script of the test's, and return what it returns."""
        return self.driver.execute_script(script)

    def problems(self) -> list[str]:
        """Return what the console was told since the last time: errors, and what the policy forbade."""
        return [str(entry["message"]) for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]

    def switch_scripts(self, *, on: bool) -> None:
        """Let pages run scripts, or not."""
        self._command("Emulation.setScriptExecutionDisabled", value=not on)

    def prefer(self, scheme: str) -> None:
        """Prefer ``light`` or ``dark``."""
        self._command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, path: Path, width: int = 1_280, height: int = 900) -> None:
        """Write a picture (PNG) of the whole page."""
        self.driver.set_window_size(width, height)
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = self._command("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(whole["data"]))

    def _command(self, name: str, **arguments: object) -> Any:  # noqa: ANN401 - of the DevTools protocol
        return self.driver.execute_cdp_cmd(name, arguments)
