"""The command that computes the figures of the reference systems again."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from core.artifact.model import library_versions
from core.cli import text
from core.fields import Choice
from core.reference import SYSTEMS, Figure, figures, summary

SYSTEM = Choice("000", tuple(SYSTEMS))


def reference_command(args: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Compute every figure of the reference systems: stated, ours, status, why."""
    if args.system is not None:
        SYSTEM.check("system", args.system)
    found = figures(None if args.system is None else [args.system])
    counts, versions = summary(found), dict(library_versions())
    result = {"figures": [f.to_json() for f in found], "summary": {**counts, "versions": versions}}
    lines = [
        text.table(["figure", "stated", "ours", "unit", "status"], [_row(f) for f in found]),
        "",
        *[f"{f.system} {f.name}: stated {f.stated_text()}; ours {f.ours_text()}" for f in found if _many(f)],
        *[f"{f.system} {f.name}: {f.why}" for f in found if f.why],
        "",
        ", ".join(f"{count} {name}" for name, count in counts.items()),
        "computed with " + ", ".join(f"{name} {version}" for name, version in versions.items()),
    ]
    return result, "\n".join(lines)


def _many(f: Figure) -> bool:
    """Tell whether a figure is several numbers, which stand below the table."""
    return isinstance(f.ours, tuple | Mapping)


def _row(f: Figure) -> list[text.Cell]:
    stated = f"{len(f.stated)} values" if isinstance(f.stated, tuple) else f.stated_text()
    return [f"{f.system} {f.name}", stated, "see below" if _many(f) else f.ours_text(), f.unit, f.status]
