"""One visitor in one browser tab: opens pages, waits the way people do, and keeps what went wrong."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Error, Locator, Page, Request, WebSocket, expect

LOCAL = {"127.0.0.1", "localhost", "::1"}
TIMEOUT = 30_000  # milliseconds; generous, because a test machine is shared
KEY = 40  # milliseconds between two key presses; a held key repeats every 30 or so
# For each page before its own scripts: a policy that forbids what the page needs may fail without a word elsewhere.
FORBIDDEN = """document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`forbidden by ${event.violatedDirective}: ${event.blockedURI} in ${event.sourceFile}`));"""
DEBOUNCE = 160  # milliseconds that Streamlit's widgets wait before they tell the server


class Visitor:
    """A page of the app and what it said on the side: console errors, exceptions, requests to other machines."""

    def __init__(self, page: Page, address: str) -> None:
        """Listen to everything that `page` does from now on."""
        self.page, self.address = page, address
        self.faults: list[str] = []
        page.set_default_timeout(TIMEOUT)
        page.on("console", self._heard)
        page.on("pageerror", self._failed)
        page.on("request", self._asked)
        page.on("websocket", self._connected)

    def leave(self) -> None:
        """Listen no more."""
        self.page.remove_listener("console", self._heard)
        self.page.remove_listener("pageerror", self._failed)
        self.page.remove_listener("request", self._asked)
        self.page.remove_listener("websocket", self._connected)

    def open(self, path: str = "/") -> Visitor:
        """Open a path as a first visit does, and wait until the page is complete."""
        self.page.goto(self.address + path)
        self.settle()
        expect(self.page.get_by_role("dialog")).to_have_count(0)  # "page not found"
        return self

    def settle(self) -> None:
        """Wait until the page is connected and idle and shows a widget, and assert that nothing failed.

        Idle alone is not enough: it also holds before a rerun starts and before widgets are mounted. After an
        action, `expect` the result first; this is the second look.
        """
        self.page.wait_for_timeout(DEBOUNCE)
        app = self.page.get_by_test_id("stApp")
        expect(app).to_have_attribute("data-test-connection-state", "CONNECTED", timeout=TIMEOUT)
        expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=TIMEOUT)
        expect(self.page.locator("[class*='st-key-']").first).to_be_attached(timeout=TIMEOUT)
        expect(self.page.get_by_test_id("stException")).to_have_count(0)
        expect(self.page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=TIMEOUT)

    def key(self, key: str) -> Locator:
        """Return the element that the page drew with `key=`."""
        return self.page.locator(f".st-key-{key}")

    def slide(self, key: str, steps: int) -> None:
        """Move a slider by arrow keys, to the right for positive steps, as the keyboard user does."""
        thumb = self.key(key).get_by_role("slider")
        expect(thumb).to_be_visible(timeout=TIMEOUT)
        thumb.focus()
        for _ in range(abs(steps)):
            thumb.press("ArrowRight" if steps > 0 else "ArrowLeft")
            self.page.wait_for_timeout(KEY)

    def choose(self, key: str, option: str) -> None:
        """Choose an entry of a menu by its full label; typed first, because a long menu draws only a part."""
        box = self.key(key).get_by_role("combobox")
        box.click()
        box.fill(option)
        self.page.get_by_role("option", name=option, exact=True).click()

    def press(self, key: str) -> None:
        """Press the button drawn with `key`."""
        self.key(key).get_by_role("button").click()

    def _heard(self, message: ConsoleMessage) -> None:
        text = f"console: {message.text} ({message.location.get('url', '')})"
        # A button looks whether its file is there, and both browser and Streamlit write down that it is not; by then, on
        # a busy machine, the next rerun may have put a newer one in its place. That files come down whole is for the
        # journeys that download them to say.
        replaced = "404" in text and ("/media/" in text or "Download Button source error" in text)
        if message.type == "error" and not replaced:
            self.faults.append(text)

    def _failed(self, error: Error) -> None:
        self.faults.append(f"page error: {error}")

    def _connected(self, socket: WebSocket) -> None:
        self._reached(socket.url)

    def _asked(self, request: Request) -> None:
        self._reached(request.url)

    def _reached(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in LOCAL:
            self.faults.append(f"request to another machine: {url}")
