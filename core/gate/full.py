"""The page for a visitor who comes to a full house: whole in itself, in Bitdial's colours, light and dark."""

from __future__ import annotations

import tomllib
from functools import cache
from html import escape
from string import Template

from core.settings import ROOT

# Seconds after which the page asks again.
AGAIN = 10
TITLE = "Bitdial is full just now"

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="$again">
<meta name="robots" content="noindex">
<title>$title</title>
<style>
:root { color-scheme: light dark; $light }
@media (prefers-color-scheme: dark) { :root { $dark } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
  background: var(--ground); color: var(--text); font: 1.05rem/1.6 "Source Sans", system-ui, sans-serif }
main { width: 100%; max-width: 34rem; padding: 2.25rem; border: 1px solid var(--line); border-radius: .75rem;
  background: var(--raised) }
.bits { display: flex; align-items: flex-end; gap: 4px; height: 4.5rem; margin-bottom: 1.75rem }
.bits i { flex: 1; border-radius: 2px; background: $original }
.bits i.quantised { background: $quantised }
h1 { margin: 0 0 .75rem; font-size: 1.75rem; line-height: 1.25 }
p { margin: 0 0 .75rem }
.bar { height: 4px; margin: 1.5rem 0; border-radius: 2px; overflow: hidden; background: var(--line) }
.bar i { display: block; height: 100%; background: var(--link); transform-origin: left;
  animation: wait ${again}s linear forwards }
@keyframes wait { from { transform: scaleX(0) } }
a { color: var(--link) }
a:focus-visible { outline: 2px solid var(--link); outline-offset: 3px }
.small { margin: 0; font-size: .95rem; color: var(--quiet) }
@media (prefers-reduced-motion: reduce) { .bar { display: none } }
</style>
</head>
<body>
<main>
<div class="bits" aria-hidden="true">$bits</div>
<h1>$title</h1>
<p role="status">$taken This page tries again by itself in $again seconds.</p>
<div class="bar" aria-hidden="true"><i></i></div>
<p class="small">Whoever is in stays in. Nothing of yours is lost: your settings stand in the address.
<a href="">Try now</a></p>
</main>
</body>
</html>
""")
# The names of the page, and those of the theme.
_NAMES = {
    "ground": "backgroundColor",
    "raised": "secondaryBackgroundColor",
    "text": "textColor",
    "quiet": "grayTextColor",
    "line": "borderColor",
    "link": "linkColor",
}


def page(taken: str) -> str:
    """Return the page; `taken` says in words how full it is."""
    return _template().safe_substitute(taken=escape(taken))


@cache
def _template() -> Template:
    """Return the page without its number, in the colours of the theme, which are written in its file alone."""
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
    original, quantised = theme["chartCategoricalColors"][:2]
    sides = {side: "; ".join(f"--{n}: {theme[side][t]}" for n, t in _NAMES.items()) for side in ("light", "dark")}
    # Sixteen widths, and the dial at eight.
    bits = "".join(f'<i style="height: {100 * n // 16}%"{_kind(n)}></i>' for n in range(1, 17))
    filled = _PAGE.safe_substitute(
        title=TITLE, again=AGAIN, bits=bits, original=original, quantised=quantised, **sides
    )  # fmt: skip
    return Template(filled)


def _kind(bits: int) -> str:
    return ' class="quantised"' if bits <= 8 else ""
