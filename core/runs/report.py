"""One run, or a comparison of some, as a page that needs nothing else: no script, nothing loaded, all text escaped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from html import escape

from core.errors import InvalidInput
from core.metrics import LABELS, SCALARS
from core.runs.differ import MOST_COMPARED, differences
from core.runs.run import Run
from core.version import VERSION

_STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h2 { border-top: 1px solid; margin-top: 2.5rem; padding-top: 1rem }
div { overflow-x: auto }
table { border-collapse: collapse } th, td { text-align: left; vertical-align: top; padding: .2rem 1.2rem .2rem 0 }
td.number { text-align: right; font-variant-numeric: tabular-nums }
pre { overflow-x: auto; padding: .75rem; border: 1px solid; border-radius: .4rem; font-size: 14px }
svg { max-width: 100%; height: auto } svg text { font: 13px system-ui, sans-serif; fill: currentColor }
"""
_COLOURS = {"original": "#2a78d6", "quantized": "#d9730d"}
_NAMES = {"original": "original", "quantized": "quantised"}
_PARTS = {"test": "held-back rows", "train": "training rows"}
# The drawing, in its own units: names stand left of the bars and values right of them.
_WIDTH, _LEFT, _RIGHT, _LINE, _BAR = 760, 300, 90, 26, 16


def report_html(found: Sequence[Run]) -> str:
    """Return the page for one to five runs, with everything that is needed to make them again."""
    if not 1 <= len(found) <= MOST_COMPARED:
        raise InvalidInput("runs", len(found), f"1 to {MOST_COMPARED}")
    names = [f"{i}. {one.label}" for i, one in enumerate(found, 1)] if len(found) > 1 else [found[0].label]
    title = f"Run: {found[0].label}" if len(found) == 1 else f"{len(found)} runs compared"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>Written by Bitdial {VERSION}. Figures were measured when the runs were saved.</p>",
        _overview(found, names),
        *([_differing(found, names)] if len(found) > 1 else []),
        "<h2>Figures</h2>",
        _figures(found, names),
        _chart(found, names, "Main figure on the held-back rows, with its 95 % interval", _score),
        _chart(found, names, "Bytes of each model's own file", _bytes),
        *(_making(one, name) for one, name in zip(found, names, strict=True)),
    ]
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    head += f"<title>{escape(title)}</title><style>{_STYLE}</style>"
    body = "\n".join(parts)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body><main>\n{body}\n</main></body></html>\n'


def _table(header: Iterable[str], rows: Iterable[Iterable[str | float | None]]) -> str:
    """Return a table; texts are escaped, numbers stand right, and what is not known is a dash."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    lines = ("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows)
    return f"<div><table><thead><tr>{top}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"


def _cell(value: str | float | None) -> str:
    if isinstance(value, str):
        return f"<td>{escape(value)}</td>"
    return f'<td class="number">{"–" if value is None else _number(value)}</td>'


def _number(value: float) -> str:
    """Return a count in full, and a figure with six digits."""
    return f"{value:,}" if isinstance(value, int) else f"{value:.6g}"


def _overview(found: Sequence[Run], names: Sequence[str]) -> str:
    """Return what each run is, and what its quantised model lost."""
    rows = []
    for one, name in zip(found, names, strict=True):
        when = datetime.fromtimestamp(one.time, UTC).strftime("%Y-%m-%d %H:%M UTC")
        made = f"{one.bits} bits, {one.method}" if one.method else "not quantised"
        rows.append([name, when, one.origin, one.dataset, one.model, made, one.note])
    table = _table(["run", "saved", "from", "data", "model", "quantised", "note"], rows)
    return "\n".join([table, *(f"<p>{escape(line)}</p>" for line in map(_lost, found, names) if line)])


def _lost(one: Run, name: str) -> str:
    """Return in one sentence the difference between the two models of a run, "" where it was not measured."""
    gap = one.difference
    if gap is None:
        return ""
    figure = LABELS[gap.metric]
    return (
        f"{name}: the quantised model's {figure} minus the original's is {gap.value:+.4g} "
        f"(95 % interval {gap.low:+.4g} to {gap.high:+.4g}): {gap.verdict}."
    )


def _differing(found: Sequence[Run], names: Sequence[str]) -> str:
    rows = [[name, *values] for name, values in differences(found)]
    shown = _table(["setting", *names], rows) if rows else "<p>Nothing: the settings are the same.</p>"
    return f"<h2>What differs</h2>\n{shown}"


def _figures(found: Sequence[Run], names: Sequence[str]) -> str:
    """Return every figure of every model; of several runs the difference from the first stands beside the others."""
    rows: list[list[str | float | None]] = []
    for part, words in _PARTS.items():
        for scalar in dict.fromkeys(s for one in found for s in SCALARS.get(one.task, ())):
            for variant, kind in _NAMES.items():
                values = [one.metrics.get(f"{variant}.{part}.{scalar}") for one in found]
                if any(value is not None for value in values):
                    rows.append([f"{LABELS[scalar]}, {kind}, {words}", *_with_difference(values)])
    for variant, kind in _NAMES.items():
        for count, words in (("numbers", "numbers"), ("file", "file")):
            counts = [one.size(variant, count) for one in found]
            if any(c is not None for c in counts):
                rows.append([f"bytes, {kind}, {words}", *_with_difference(counts)])
    header = [names[0], *(cell for name in names[1:] for cell in (name, "minus the first"))]
    return _table(["figure", *header], rows)


def _with_difference(values: Sequence[float | None]) -> list[float | None]:
    first = values[0]
    found: list[float | None] = [first]
    for value in values[1:]:
        found += [value, None if value is None or first is None else value - first]
    return found


Bar = tuple[float | None, tuple[float, float] | None]


def _score(one: Run, variant: str) -> Bar:
    return one.score(variant), one.intervals.get(variant)


def _bytes(one: Run, variant: str) -> Bar:
    return one.size(variant), None


def _chart(found: Sequence[Run], names: Sequence[str], title: str, of: Callable[[Run, str], Bar]) -> str:
    """Return bars as a drawing, one for each model of each run, from 0 or the smallest value below it."""
    bars = [
        (f"{name[:30]}{'…' * (len(name) > 30)}, {kind}", variant, *of(one, variant))
        for one, name in zip(found, names, strict=True)
        for variant, kind in _NAMES.items()
    ]
    shown = [(label, variant, value, interval) for label, variant, value, interval in bars if value is not None]
    if not shown:
        return ""
    ends = [0.0, *(v for *_, v, i in shown for v in (v, *(i or ())))]
    low, high = min(ends), max(ends)
    scale = (_WIDTH - _LEFT - _RIGHT) / ((high - low) or 1.0)

    def x(value: float) -> float:
        return float(round(_LEFT + (value - low) * scale, 1))

    lines = []
    for i, (label, variant, value, interval) in enumerate(shown):
        y, zero = i * _LINE + 4, x(0.0)
        left, width = min(zero, x(value)), round(abs(x(value) - zero), 1)
        lines.append(f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(label)}</text>')
        lines.append(f'<rect x="{left}" y="{y}" width="{width}" height="{_BAR}" fill="{_COLOURS[variant]}"/>')
        if interval is not None:
            middle = y + _BAR // 2
            lines.append(
                f'<path d="M{x(interval[0])} {middle}H{x(interval[1])}" stroke="currentColor" stroke-width="2"/>'
            )
        end = max(left + width, x(interval[1]) if interval else 0)
        lines.append(f'<text x="{end + 6}" y="{y + 13}">{_number(value)}</text>')
    height = len(shown) * _LINE + 4
    drawing = f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}">{"".join(lines)}</svg>'
    return f"<h2>{escape(title)}</h2>\n{drawing}"


def _making(one: Run, name: str) -> str:
    """Return how a run is made again: its settings as a file, the commands, the address, and what to check it by."""
    parts = [f"<h2>How to make it again: {escape(name)}</h2>"]
    if one.setting:
        own = " --data YOUR-TABLE.csv" if one.params.get("data.dataset") == "own" else ""
        parts += [
            "<p>Put this into a file called <code>setting.json</code>:</p>",
            f"<pre>{escape(json.dumps(json.loads(one.setting), indent=1, ensure_ascii=False))}</pre>",
            f"<pre>{escape(_commands(one, own))}</pre>",
        ]
    else:
        parts.append(
            "<p>The model was brought from outside, or its settings are too long to be kept apart from its file.</p>"
        )
    if one.link:
        parts.append(f"<p>On the page: add this to its address.</p><pre>{escape(f'/?{one.link}')}</pre>")
    made = ", ".join(f"{library} {version}" for library, version in one.versions.items())
    facts = [["data, SHA-256", one.data_sha256], ["model file, SHA-256", one.sha256], ["made with", made]]
    settings = list(one.params.items())
    return "\n".join([*parts, _table(["what", "value"], [*facts, *settings])])


def _commands(one: Run, own: str) -> str:
    lines = [f"python -m core train --config setting.json{own} --out original.safetensors"]
    if one.method:
        lines.append(f"python -m core compare --config setting.json{own}")
    return "\n".join(lines)
