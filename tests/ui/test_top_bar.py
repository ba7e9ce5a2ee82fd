"""Model, preset and context above the chat."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from helpers.model_states import SMOLLM, failed_state, loading_state, no_model_state, ready_state
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QWidget
from pytestqt.qtbot import QtBot

from app.ui.icons import IconSet
from app.ui.theme import ThemeManager
from app.ui.top_bar import ModelEntry, ModelMenu, TopBar
from app.ui.widgets.buttons import IconButton
from app.ui.widgets.gauge import Gauge
from app.ui.widgets.pill_button import PillButton

LEFT = Qt.MouseButton.LeftButton
QWQ = Path("/models/QwQ-32B-Q4_K_M.gguf")


@pytest.fixture
def bar(qtbot: QtBot, theme: ThemeManager, icons: IconSet) -> TopBar:
    widget = TopBar(theme, icons)
    qtbot.addWidget(widget)
    widget.resize(800, 48)
    widget.show()
    return widget


def menu(bar: TopBar) -> ModelMenu:
    return bar.findChild(ModelMenu)


def preset_pill(bar: TopBar) -> PillButton:
    return next(pill for pill in bar.findChildren(PillButton) if pill is not bar.model_pill)


def choose(opened: QMenu, text: str) -> None:
    action = next(action for action in opened.actions() if action.text().startswith(text))
    QTest.mouseClick(opened, LEFT, pos=opened.actionGeometry(action).center())


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (no_model_state(), "Choose a model"),
        (loading_state(0.42), "SmolLM2-135M-Instruct, Loading 42 %"),
        (ready_state(gpu_layers=0), "SmolLM2-135M-Instruct, Q4_1 · on the CPU"),
        (ready_state(gpu_layers=31), "SmolLM2-135M-Instruct, Q4_1 · 31/31 layers on GPU"),
        (failed_state(), "SmolLM2-135M-Instruct, did not load"),
    ],
)
def test_the_pill_says_what_the_model_is_doing(bar: TopBar, state: object, words: str) -> None:
    bar.set_model_state(state)
    assert bar.model_pill.accessibleName() == words


def test_a_failure_is_told_in_full_in_the_tooltip_and_marked_in_colour(bar: TopBar, theme: ThemeManager) -> None:
    bar.set_model_state(failed_state())
    assert "not enough memory" in bar.model_pill.toolTip()
    assert theme.theme.hex("bad").lower() in colors_of(bar.model_pill)


def colors_of(widget: QWidget) -> set[str]:
    picture = widget.grab().toImage()
    return {picture.pixelColor(x, y).name() for x in range(picture.width()) for y in range(picture.height())}


def test_the_line_grows_while_a_model_is_loaded(bar: TopBar, theme: ThemeManager) -> None:
    def filled(progress: float) -> int:
        bar.set_model_state(loading_state(progress))
        picture = bar.model_pill.grab().toImage()
        row = [picture.pixelColor(x, picture.height() - 3).name() for x in range(picture.width())]
        return row.count(theme.theme.hex("accent").lower())

    assert filled(0.0) + 20 < filled(0.3) < filled(0.9)


def test_a_load_can_be_cancelled_and_only_a_load(bar: TopBar, qtbot: QtBot) -> None:
    cancel = next(button for button in bar.findChildren(IconButton) if button.accessibleName() == "Cancel loading")
    assert not cancel.isVisible()
    bar.set_model_state(loading_state(0.1))
    with qtbot.waitSignal(bar.cancel_load_requested):
        QTest.mouseClick(cancel, LEFT)
    bar.set_model_state(ready_state())
    assert not cancel.isVisible()


def test_the_menu_offers_recent_and_other_models_once(bar: TopBar, qtbot: QtBot) -> None:
    bar.set_model_state(ready_state())
    entries = [ModelEntry(SMOLLM, "SmolLM2 & friends", "Q4_1 · 98 MB"), ModelEntry(QWQ, "QwQ-32B", "Q4_K_M · 19.9 GB")]
    bar.set_models(entries[:1], entries)
    QTest.mouseClick(bar.model_pill, LEFT)
    assert menu(bar).isVisible()
    choices = [action for action in menu(bar).actions() if action.isCheckable()]
    assert [action.text() for action in choices] == ["SmolLM2 && friends\tQ4_1 · 98 MB", "QwQ-32B\tQ4_K_M · 19.9 GB"]
    assert [action.isChecked() for action in choices] == [True, False]
    with qtbot.waitSignal(bar.model_chosen) as chosen:
        choose(menu(bar), "QwQ-32B")
    assert chosen.args == [QWQ]
    assert [action.isChecked() for action in choices] == [True, False]


def test_the_check_follows_the_model(bar: TopBar) -> None:
    bar.set_models([], [ModelEntry(QWQ, "QwQ-32B"), ModelEntry(SMOLLM, "SmolLM2")])
    bar.set_model_state(ready_state())
    choices = [action for action in menu(bar).actions() if action.isCheckable()]
    assert [action.isChecked() for action in choices] == [False, True]
    bar.set_model_state(no_model_state())
    assert [action.isChecked() for action in choices] == [False, False]


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("Open a GGUF", "open_file_requested"),
        ("Load settings", "load_settings_requested"),
        ("Unload", "unload_requested"),
    ],
)
def test_the_other_entries_of_the_menu(bar: TopBar, qtbot: QtBot, text: str, signal: str) -> None:
    bar.set_model_state(ready_state())
    bar.open_model_menu()
    with qtbot.assertNotEmitted(bar.model_chosen), qtbot.waitSignal(getattr(bar, signal)):
        choose(menu(bar), text)


def test_without_a_model_there_is_nothing_to_set_or_unload(bar: TopBar) -> None:
    bar.set_model_state(no_model_state())
    assert not menu(bar).load_settings.isEnabled()
    assert not menu(bar).unload.isEnabled()
    bar.set_model_state(failed_state())
    assert menu(bar).load_settings.isEnabled()


def test_the_preset_and_its_menu(bar: TopBar, qtbot: QtBot) -> None:
    presets = QMenu(bar)
    greedy = presets.addAction("Greedy")
    bar.set_preset_menu(presets)
    bar.set_preset("Unsloth's fixes", True)
    assert preset_pill(bar).accessibleName() == "Unsloth's fixes, modified"
    QTest.mouseClick(preset_pill(bar), LEFT)
    with qtbot.waitSignal(greedy.triggered):
        choose(presets, "Greedy")
    bar.set_preset("Greedy", False)
    assert preset_pill(bar).accessibleName() == "Greedy"


def test_the_context_is_said_in_grouped_numbers(bar: TopBar) -> None:
    gauge = bar.findChild(Gauge)
    assert not gauge.isVisible()
    bar.set_context(5120, 16384)
    assert gauge.isVisible()
    assert gauge.accessibleName() == "Context 5,120 of 16,384"
    bar.set_context(0, 0)
    assert not gauge.isVisible()


@pytest.mark.parametrize("scale", [1.0, 1.6])
@pytest.mark.parametrize("state", [ready_state(gpu_layers=31), loading_state(0.5)])
def test_nothing_overlaps_or_leaves_the_bar_at_any_width(
    bar: TopBar, theme: ThemeManager, scale: float, state: object
) -> None:
    theme.set_text_scale(scale)
    bar.set_model_state(state)
    bar.set_preset("Unsloth's fixes", True)
    bar.set_context(5120, 16384)
    for width in range(1200, 420, -20):
        bar.resize(width, bar.sizeHint().height())
        parts = [part for part in bar.children() if isinstance(part, QWidget) and part.isVisible()]
        spans = sorted((part.x(), part.x() + part.width()) for part in parts if not isinstance(part, QMenu))
        assert spans[0][0] >= 0
        assert spans[-1][1] <= width
        assert all(left[1] <= right[0] for left, right in pairwise(spans)), (width, spans)


def test_the_words_of_the_gauge_go_before_the_detail_and_that_before_the_name(bar: TopBar) -> None:
    bar.set_model_state(ready_state(gpu_layers=31))
    bar.set_preset("Unsloth's fixes", True)
    bar.set_context(5120, 16384)
    gauge, pill, preset = bar.findChild(Gauge), bar.model_pill, preset_pill(bar)
    words_left, detail_left, name_left = [], [], []
    for width in range(1200, 420, -5):
        bar.resize(width, 48)
        words_left.append(gauge.width() > 100)
        detail_left.append(pill.width() == pill.sizeHint().width())
        name_left.append(pill.width() >= pill.name_width() and preset.width() == preset.sizeHint().width())
    assert sum(words_left) < sum(detail_left) < sum(name_left) < len(name_left)


def test_a_new_model_name_makes_room_at_once(bar: TopBar) -> None:
    bar.set_model_state(no_model_state())
    before = bar.model_pill.width()
    bar.set_model_state(replace(ready_state(), phase="ready"))
    assert bar.model_pill.width() > before
    assert preset_pill(bar).x() > bar.model_pill.x() + bar.model_pill.width()


def test_heads_in_the_menu_cannot_be_chosen(bar: TopBar) -> None:
    bar.set_models([ModelEntry(QWQ, "QwQ-32B")], [])
    head: QAction = menu(bar).actions()[0]
    assert not head.isEnabled()
