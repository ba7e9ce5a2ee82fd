"""What every test has: the model fixtures, and pytest-qt's settings also where pytest-qt is not installed."""

from __future__ import annotations

import importlib.util

import pytest

pytest_plugins = ["helpers.models_fixtures"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know pytest-qt's settings, which pyproject.toml has, where Qt is absent: they must not be unknown ones."""
    if importlib.util.find_spec("pytestqt") is None:
        for name in ("qt_api", "qt_log_level_fail", "qt_log_ignore"):
            parser.addini(name, "a setting of pytest-qt, which is not installed")
