"""Browser tabs that one visitor leaves to the next: a script that has been read once is not compiled again."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import urljoin

from playwright.sync_api import Browser, Page, ViewportSize

from tests.browser.visitor import FORBIDDEN

DESK = ViewportSize(width=1440, height=900)


class Tabs:
    """The tabs of one browser, each in a profile of its own, empty when it is taken.

    A page of Streamlit with its charts costs a new profile three times the processor time that it costs a tab which
    has compiled their scripts before, and most tests ask what a page does, not what its first visit costs.
    """

    def __init__(self, browser: Browser) -> None:
        """Begin without any."""
        self._browser = browser
        self._idle: list[Page] = []
        self._lent: set[Page] = set()

    def take(
        self,
        *,
        viewport: ViewportSize = DESK,
        color_scheme: Literal["light", "dark"] = "light",
        fresh: bool = False,
        **options: Any,
    ) -> Page:
        """Return a tab of that size and look; `fresh`, or with further options of a profile, one never used before."""
        if fresh or options:
            return self._new(**options, viewport=viewport, color_scheme=color_scheme)
        page = self._idle.pop() if self._idle else self._new()
        self._lent.add(page)
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=color_scheme)
        return page

    def give_back(self, page: Page) -> None:
        """Empty a tab for the next visitor: nothing kept, nothing routed, no other tab; close one that is not lent."""
        if page not in self._lent or page.is_closed():
            self._lent.discard(page)
            page.context.close()
            return
        self._lent.remove(page)
        for other in page.context.pages:
            if other is not page:
                other.close()
        page.unroute_all()
        page.mouse.move(0, 0)
        if page.url.startswith("http"):
            # Not to about:blank, for which the browser takes another process, without the compiled scripts.
            page.goto(urljoin(page.url, "/api/health"))
            page.evaluate("localStorage.clear(), sessionStorage.clear()")
        page.context.clear_cookies()
        self._idle.append(page)

    def _new(self, **options: Any) -> Page:
        context = self._browser.new_context(**options)
        context.add_init_script(FORBIDDEN)
        return context.new_page()
