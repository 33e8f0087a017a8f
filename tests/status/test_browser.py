"""The status page of a real sidecar, under a load, in a real Chromium."""

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from sidecar.demo.process import Process
from sidecar.demo.workspace import AUDIENCE, ISSUER
from support.browser import Browser, chromium, require_chromium
from support.denials import denial
from support.fronts import CHECK
from support.hostile import HOSTILE
from support.processes import eventually
from support.reporting import reporter
from support.requests import with_token
from support.sidecars import Sidecar, running_sidecar

_CONFIGURATION = f"""\
listen: {{listen}}
servers: 2
verification_workers: 1
probe: {{listen: "127.0.0.1:0"}}
admin: {{listen: "unix:{{folder}}/admin.sock"}}
shared_memory_size: 1MiB
shutdown_grace_seconds: 4
issuers: [{{issuer: "{ISSUER}", audiences: [{AUDIENCE}], keys: {{file: jwks.json}}}}]
policies:
  - name: orders
    action: allow
    rules:
      - to: [{{operation: {{paths: ["/orders/*"]}}}}]
        when: [{{key: "request.auth.claims[tenant]", values: [acme]}}]
"""
_ADDRESS = re.compile(r"http://127\.0\.0\.1:[0-9]+/[A-Za-z0-9_-]{43}/status")
_FOREIGN = ("reason", "policy", "method", "host", "path", "subject", "issuer", "address", "detail")
_DENIALS = "[data-table=denials] tbody"
_PICTURES = Path(os.environ.get("AUTHZ_SCREENSHOTS", "build/screenshots"))


@dataclass(frozen=True)
class Page:
    """A page in a browser, and the sidecar it is of."""

    sidecar: Sidecar
    browser: Browser
    address: str

    @contextmanager
    def load(self) -> Iterator[None]:
        """Have checks made, most of them allowed, until the context closes."""
        stop = threading.Event()
        threads = [threading.Thread(target=self._ask, args=(one, stop)) for one in self.sidecar.addresses]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def _ask(self, address: str, stop: threading.Event) -> None:
        workspace = self.sidecar.workspace
        asked = [with_token(workspace.token(sub=f"user-{number}"), path="/orders/1") for number in range(20)]
        asked += [
            with_token(workspace.token(tenant="other"), path="/orders/7"),
            with_token("no-token", path="/orders/7"),
        ]
        with grpc.insecure_channel(address) as channel:
            call = channel.unary_unary(CHECK)  # type: ignore[call-arg]  # the stubs want serialisers
            while not stop.is_set():
                for raw in asked:
                    call(raw, timeout=20, wait_for_ready=True)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Run a browser."""
    require_chromium()
    with chromium(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Page]:
    """Run a sidecar, and ``authz-sidecar status``."""
    folder = tmp_path_factory.mktemp("s")
    with running_sidecar(folder, _CONFIGURATION.replace("{folder}", str(folder))) as sidecar:
        assert eventually(sidecar.is_ready), sidecar.printed()
        command = [sys.executable, "-m", "sidecar", "status", "--config", str(sidecar.workspace.config)]
        with Process(command, folder / "status.log") as status:
            status.wait_for(lambda: _ADDRESS.search(status.printed()) is not None, "authz-sidecar status")
            found = _ADDRESS.search(status.printed())
            assert found
            yield Page(sidecar, browser, found[0])


@pytest.fixture(autouse=True)
def _quiet(browser: Browser) -> Iterator[None]:
    """See to it that the console has nothing to say: no error, and nothing that the policy forbade."""
    yield
    browser.switch_scripts(on=True)
    assert [text for text in browser.problems() if "favicon" not in text] == []


def test_renewed_under_a_load(page: Page) -> None:
    """Figures, rows and curves are renewed by themselves, and the page fits a narrow window as well."""
    page.browser.open(page.address)
    page.browser.run("window.same = true")
    curve = "[data-curve=curve-rate] output"
    before = page.browser.text(curve)
    with page.load():
        # For the pictures in the docs, which are to have something in them.
        threading.Event().wait(float(os.environ.get("AUTHZ_SCREENSHOTS_AFTER", "0")))
        page.browser.eventually("[data-figure=checks-checks]", lambda text: re.fullmatch(r"[1-9][0-9,.]*/s", text))
        page.browser.eventually("[data-table=reasons] tbody", lambda text: "no_policy_allows" in text)
        page.browser.eventually(_DENIALS, lambda text: "no_policy_allows" in text and "/orders/7" in text)
        page.browser.eventually(curve, lambda text: text != before and "highest 0/s" not in text)
        page.browser.eventually(
            "[data-curve=curve-rate] path",
            lambda _: page.browser.run(
                "return document.querySelector('[data-curve=curve-rate] path').getAttribute('d')"
            ),
        )
        assert page.browser.run("return window.same") is True
        for width in (1_280, 360):
            page.browser.driver.set_window_size(width, 900)
            sizes = page.browser.run("const all = document.documentElement; return [all.scrollWidth, all.clientWidth]")
            assert sizes[0] <= sizes[1]
        for scheme in ("light", "dark"):
            page.browser.prefer(scheme)
            page.browser.picture(_PICTURES / f"status-{scheme}.png")


def test_why_a_request_was_denied(page: Page) -> None:
    """The denials of the sidecar are on its page, the newest first, each with what the policies say of it now."""
    workspace, address = page.sidecar.workspace, page.sidecar.addresses[-1]
    for path, token in (("/orders/8", workspace.token(tenant="other", sub="dora")), ("/orders/9", "no-token")):
        page.sidecar.check_raw(address, with_token(token, path=f"{path}?secret=1"))
    page.browser.open(page.address)
    page.browser.eventually(_DENIALS, lambda text: "/orders/8" in text and "/orders/9" in text)
    text = page.browser.text(_DENIALS)
    assert text.index("/orders/9") < text.index("/orders/8")
    assert "secret" not in text
    for path, told in (
        ("/orders/9", ("token_malformed", "It did not come to policy")),
        ("/orders/8", ("no_policy_allows", "dora", "allow policy orders, rule 1", "claim tenant", "not known")),
    ):
        row = f"//tbody/tr[contains(., '{path}')]//a"
        page.browser.driver.find_element("xpath", row).click()
        assert page.browser.run("return document.title") == "Why a request was denied"
        assert [one for one in told if one not in page.browser.text("body")] == []
        assert _is_all_text(page.browser)
        page.browser.driver.back()
    page.browser.open("about:blank")


def test_without_scripts(page: Page) -> None:
    """With scripts switched off the figures are there, and loading the page again renews them."""
    page.browser.switch_scripts(on=False)
    page.browser.open(page.address)
    page.browser.switch_scripts(on=True)
    assert page.browser.text("#live") == "Renew"
    assert "server-0" in page.browser.text("[data-table=processes]")
    figures = page.browser.run(
        "return Array.from(document.querySelectorAll('[data-figure]'), (one) => one.textContent)"
    )
    assert len(figures) > 10
    assert all(figures)
    page.browser.picture(_PICTURES / "status-without-scripts.png", 800)


def test_sidecar_that_is_gone_and_comes_back(page: Page) -> None:
    """Where nobody answers the page says so, keeps what it has, and goes on once somebody does."""
    page.browser.open(page.address)
    page.browser.eventually("#live", lambda text: "by itself" in text)

    def is_gone(text: str) -> bool:
        # Once is not enough: it is back before the page asks the next time. Each time it takes longer.
        if "No answer" not in text:
            with suppress(ProcessLookupError):
                page.sidecar.kill("control")
        return "No answer" in text

    page.browser.eventually("#live", is_gone)
    assert "server-0" in page.browser.text("[data-table=processes]")
    page.browser.eventually("#live", lambda text: "by itself" in text)
    # A request that was not answered is the one thing that the console tells of by itself.
    assert all("502" in text for text in page.browser.problems())


def _is_all_text(browser: Browser) -> bool:
    """Say whether a page is as we made it: nothing ran, and nothing of it is of another kind than ours are."""
    assert browser.run("return document.title") in {"Status of the authorization sidecar", "Why a request was denied"}
    strange = "img, iframe, style, script:not([src]), [onerror], [onload], [onmouseover], [style], svg svg"
    assert browser.run(f"return document.querySelectorAll({strange!r}).length") == 0
    assert browser.run("return document.scripts.length") <= 1
    text = browser.text("body").replace("\n", "")
    return text.isprintable()


def test_what_was_sent_is_text(browser: Browser) -> None:
    """Whatever stands in a denial is text: on the page as it comes, as it is renewed, and explained."""
    with reporter() as told:
        told.denials = [denial(path="/harmless")]
        browser.open(told.hand_on())
        browser.run("window.same = true")
        told.denials = [denial(**dict.fromkeys(_FOREIGN, text)) for text in HOSTILE]
        browser.eventually(_DENIALS, lambda text: "javascript:alert(1)" in text)
        assert _is_all_text(browser)
        assert browser.run("return window.same") is True
        kept = "window.row = document.querySelector('[data-table=denials] tbody tr')"
        browser.run(f"{kept}; document.getElementById('made-at').textContent = 'before'")
        browser.eventually("#made-at", lambda text: text != "before")
        # What is the same as before stays, and with it a selection, and a link that is about to be followed.
        assert browser.run("return window.row.isConnected") is True
        browser.driver.refresh()
        browser.run(f"{kept}; document.getElementById('made-at').textContent = 'before'")
        browser.eventually("#made-at", lambda text: text != "before")
        assert browser.run("return window.row.isConnected") is True
        assert browser.text(_DENIALS).count("<script>") == 8
        assert _is_all_text(browser)
        for place in (0, 1, 7):
            browser.driver.find_elements("css selector", f"{_DENIALS} a")[place].click()
            assert browser.run("return document.title") == "Why a request was denied"
            assert _is_all_text(browser)
            browser.driver.back()
        browser.open("about:blank")


_GETTING_THROUGH = """
const through = [], attempts = {
  markup: () => { document.body.innerHTML = '<p>x'; },
  parser: () => { new DOMParser().parseFromString('<p>x', 'text/html'); },
  handler: () => { document.body.setAttribute('onclick', 'x()'); },
  script: () => { document.createElement('script').text = 'x()'; },
  style: () => {
    const made = document.createElement('style');
    made.textContent = 'main { display: none }';
    document.head.append(made);
    if (getComputedStyle(document.querySelector('main')).display !== 'none') throw new Error();
  },
  base: () => {
    const made = document.createElement('base');
    made.href = 'http://evil.example/';
    document.head.append(made);
    if (document.baseURI === location.href) throw new Error();
  },
};
for (const [name, attempt] of Object.entries(attempts)) {
  try { attempt(); through.push(name); } catch { /* as it should be */ }
}
return through;
"""


def test_policy_forbids_what_gets_through(page: Page) -> None:
    """Should a fault of ours ever let markup in, the policy keeps it from becoming script, style or an address."""
    page.browser.open(page.address)
    assert page.browser.run(_GETTING_THROUGH) == []
    # What is forbidden is told: else the other tests, which look for that, would look for nothing.
    assert any("Content Security Policy" in text for text in page.browser.problems())
