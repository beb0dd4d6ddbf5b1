"""One visit to the pages, without a browser: what stands on the screen, by name, and how to get about."""

from __future__ import annotations

import base64
import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest

from core import workspaces
from core.comparison import Comparison
from core.config import Experiment
from core.settings import settings
from pages import _shared

ROOT = Path(__file__).resolve().parent.parent.parent
ROUTER = ROOT / "pages" / "_router.py"
# `home` is the page under "/"; `quantise` the same one under its own path.
PAGES = ("home", "quantise", "train", "compare", "predict", "monitor")
# Longer than any training; a run that takes this long has failed.
PATIENCE = 120.0


def decoded(values: Any) -> list[float]:
    """Return the numbers of a chart's axis, which may be packed."""
    if isinstance(values, list):
        return values
    found = np.frombuffer(base64.b64decode(values["bdata"]), dtype=values["dtype"])
    return [float(v) for v in found]


def unescaped(text: str) -> str:
    """Return what Markdown shows for a text whose special characters are escaped."""
    return re.sub(r"\\(.)", r"\1", text)


class Visit:
    """A visitor: opens the address `query` at `page`; every step must go without an exception."""

    # Streamlit looks through all installed packages for components at each first run; once is enough for all.
    components: Any = None

    def __init__(self, page: str = "home", **query: Any) -> None:
        """Open the page cold, as someone does who comes by a link."""
        self.at = AppTest.from_file(ROUTER, default_timeout=PATIENCE)
        for name, value in query.items():
            self.at.query_params[name] = value
        self.at._bidi_component_manager = Visit.components
        self.run()
        Visit.components = self.at._bidi_component_manager
        if page != "home":
            self.go(page)

    def run(self) -> Visit:
        """Run the script once more and look for exceptions."""
        self.at.run()
        assert [e.message for e in self.at.exception] == []
        return self

    def wait(self) -> Visit:
        """Run until no worker is busy with anything for this visit."""
        end = time.monotonic() + PATIENCE
        while "job" in self.at.session_state and self.at.session_state["job"] is not None:
            assert time.monotonic() < end, self.words()
            time.sleep(0.1)
            self.run()
        return self

    def go(self, page: str) -> Visit:
        """Change to another page."""
        self.at.switch_page(f"{page}.py")
        return self.run()

    def widget(self, kind: str, key: str) -> Any:
        """Return the widget `key` of the given kind ("slider")."""
        return getattr(self.at, kind)(key=key)

    def set(self, kind: str, key: str, value: Any) -> Visit:
        """Set the widget `key` of the given kind to `value`."""
        self.widget(kind, key).set_value(value)
        return self.run()

    def press(self, key: str) -> Visit:
        """Press the button `key`."""
        self.at.button(key=key).click()
        return self.run()

    def pick(self, key: str, option: str) -> Visit:
        """Take an entry of the menu `key`."""
        self.at.menu_button(key=key).click(option)
        return self.run()

    def unfold(self, key: str) -> Visit:
        """Open the expander `key` of the sidebar."""
        self.at.session_state[key] = True
        return self.run()

    @property
    def experiment(self) -> Experiment:
        """The settings of this visit."""
        found: Experiment = self.at.session_state.experiment
        return found

    @property
    def comparison(self) -> Comparison:
        """The comparison that the pages show."""
        return _shared.comparison(self.experiment)

    @property
    def saved(self) -> list[Path]:
        """The files in this visit's workspace, the newest first."""
        folder = settings().artifacts / "workspaces" / workspaces.folder_of(self.at.session_state.workspace)
        return sorted(folder.glob("*.safetensors"), key=lambda path: -path.stat().st_mtime_ns)

    @property
    def address(self) -> dict[str, str]:
        """The parameters in the address bar."""
        return dict(self.at.query_params)

    @property
    def finding(self) -> str:
        """The sentence that opens the page."""
        return str(self.at.main.get_by_key("finding").markdown[0].value)

    @property
    def errors(self) -> list[str]:
        """What the red boxes say."""
        return [unescaped(e.value) for e in self.at.error]

    def metric(self, label: str) -> str:
        """Return the value of one card."""
        return next(str(m.value) for m in self.at.metric if m.label == label)

    def chart(self, key: str) -> dict[str, Any]:
        """Return a chart as it is sent to the browser."""
        found: dict[str, Any] = json.loads(self.shot()[f"chart {key}"])
        return found

    def table(self, described: str) -> list[dict[str, Any]]:
        """Return the rows of the table that is described in these words to those who cannot see it."""
        found = next(d for d in self.at.dataframe if d.proto.alt == described)
        return [{str(k): v for k, v in row.items()} for row in found.value.to_dict("records")]

    def shot(self) -> dict[str, Any]:
        """Return everything that is shown, by name; widgets' own values are left out."""
        at, found = self.at, {}  # type: ignore[var-annotated]
        found |= {f"metric {m.label} {i}": (m.value, m.delta) for i, m in enumerate(at.metric)}
        found |= {"chart " + c.proto.id.split("-", 2)[-1]: c.proto.spec for c in at.get("plotly_chart")}
        found |= {f"table {d.proto.alt}": d.value.to_csv() for d in at.dataframe}
        for kind in ("markdown", "caption", "code", "info", "warning", "error", "success"):
            found |= {f"{kind} {i}": e.value for i, e in enumerate(getattr(at, kind))}
        found |= {f"button {b.key}": (b.label, b.disabled) for b in at.button}
        found |= {f"download {d.key}": (d.label, d.proto.url) for d in at.download_button}
        return found

    def words(self) -> str:
        """Return all text that is shown."""
        return "\n".join(str(v) for k, v in self.shot().items() if not k.startswith("chart "))
