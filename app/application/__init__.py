"""The composition root of the window: the only place, beside `cli`, that builds things."""

from __future__ import annotations

from app.application.start import main

__all__ = ["main"]
