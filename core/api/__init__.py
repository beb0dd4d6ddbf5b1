"""The REST interface under /api; the only place in core that imports fastapi."""

from core.api.app import api, mark_ready

__all__ = ["api", "mark_ready"]
