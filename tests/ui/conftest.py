"""The look that every widget under test is handed."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from app.ui.icons import IconSet
from app.ui.theme import ThemeManager

RESOURCES = Path(__file__).parents[2] / "resources"


@pytest.fixture
def theme(qapp: QApplication) -> ThemeManager:
    """The light theme, applied to the application."""
    manager = ThemeManager(qapp, RESOURCES / "themes")
    manager.set_choice("light")
    return manager


@pytest.fixture
def icons(qapp: QApplication) -> IconSet:
    """The app's icons."""
    return IconSet(RESOURCES / "icons")
