"""Saved runs and the registry: kept by `core.tracking`, and nothing of MLflow is seen here.

Every function with a `registry` looks at the store, and may raise `TrackingError`, an `ArtifactError`, with one
sentence. The first one in a process takes seconds, so pages and interface call them in threads of their own.
"""

from core.runs.differ import MOST_COMPARED, differences
from core.runs.gate import LEAST_ROWS, TOLERANCE, decide
from core.runs.record import LONGEST_LABEL, LONGEST_NOTE, save_run
from core.runs.report import report_html
from core.runs.run import ALIASES, CHALLENGER, CHAMPION, Decision, Gap, Registry, Run, Version, registry_of
from core.runs.shelf import artefact, delete, forget, model_of, note, rename, restore, run, runs, settings_of, stamp
from core.runs.versions import (
    alias,
    before,
    compare_runs,
    promote,
    register,
    rollback,
    version,
    version_bytes,
    versions,
)
from core.tracking import exists

__all__ = [
    "ALIASES",
    "CHALLENGER",
    "CHAMPION",
    "LEAST_ROWS",
    "LONGEST_LABEL",
    "LONGEST_NOTE",
    "MOST_COMPARED",
    "TOLERANCE",
    "Decision",
    "Gap",
    "Registry",
    "Run",
    "Version",
    "alias",
    "artefact",
    "before",
    "compare_runs",
    "decide",
    "delete",
    "differences",
    "exists",
    "forget",
    "model_of",
    "note",
    "promote",
    "register",
    "registry_of",
    "rename",
    "report_html",
    "restore",
    "rollback",
    "run",
    "runs",
    "save_run",
    "settings_of",
    "stamp",
    "version",
    "version_bytes",
    "versions",
]
