"""The load settings: what is asked for, what was made of it, and the popover they are in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.model_states import CPU, GPU, SMOLLM, failed_state, loading_state, no_model_state, ready_state, spec_for
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QProgressBar, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.core.model_spec import ALL_LAYERS, AUTO, KV_TYPES, ModelSpec
from app.ui.icons import IconSet
from app.ui.load_panel import LoadPanel
from app.ui.theme import ThemeManager
from app.ui.widgets.buttons import IconButton
from app.ui.widgets.card import Card
from app.ui.widgets.note import Note
from app.ui.widgets.number_box import NumberBox
from app.ui.widgets.slider import Slider

LEFT = Qt.MouseButton.LeftButton


class Window(QWidget):
    """A window with a field that has the focus and a button to open the panel below."""

    def __init__(self, theme: ThemeManager, icons: IconSet) -> None:
        super().__init__()
        self.resize(900, 900)
        self.field = QLineEdit(self)
        self.anchor = QPushButton("Model", self)
        self.anchor.setGeometry(40, 40, 120, 30)
        self.panel = LoadPanel(theme, icons, self)


@pytest.fixture
def window(qtbot: QtBot, theme: ThemeManager, icons: IconSet) -> Window:
    made = Window(theme, icons)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    made.activateWindow()
    made.field.setFocus()
    return made


@pytest.fixture
def panel(window: Window) -> LoadPanel:
    window.panel.popup_below(window.anchor)
    return window.panel


def named(panel: LoadPanel, kind: type, name: str) -> QWidget:
    return next(widget for widget in panel.findChildren(kind) if widget.accessibleName() == name)


def button(panel: LoadPanel, text: str) -> QPushButton:
    return next(each for each in panel.findChildren(QPushButton) if each.text() == text and each.isVisible())


def texts(panel: LoadPanel) -> list[str]:
    return [label.text() for label in panel.findChildren(QLabel) if label.isVisible() and label.text()]


def requested(panel: LoadPanel, qtbot: QtBot, text: str = "Reload to apply") -> ModelSpec:
    with qtbot.waitSignal(panel.load_requested) as asked:
        QTest.mouseClick(button(panel, text), LEFT)
    return asked.args[0]


def type_into(box: QWidget, text: str) -> None:
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, text)
    QTest.keyClick(box, Qt.Key.Key_Return)


# -- the settings ------------------------------------------------------------------------------------


def test_a_spec_that_is_only_shown_is_given_back_unchanged(panel: LoadPanel, qtbot: QtBot) -> None:
    spec = spec_for(
        gpu_layers=7, context=5000, threads=3, cache_type_k="q8_0", cache_type_v="q4_0", flash_attention="on",
        load_mode="mlock", batch=256, main_gpu=1, overrides=(("a.b", 3),),
    )  # fmt: skip
    panel.set_state(ready_state(spec, gpu_layers=7))
    assert not button(panel, "Reload to apply").isEnabled()
    panel.set_state(failed_state())
    panel.set_spec(spec)
    assert requested(panel, qtbot, "Try again") == spec


@pytest.mark.parametrize("layers", [AUTO, ALL_LAYERS, 0, 12, 31, 99])
def test_layers_as_they_are_written_are_kept(panel: LoadPanel, layers: int) -> None:
    panel.set_state(ready_state(spec_for(gpu_layers=layers), gpu_layers=min(abs(layers), 31)))
    assert not button(panel, "Reload to apply").isEnabled()


def test_every_field_reaches_the_spec(panel: LoadPanel, qtbot: QtBot) -> None:
    panel.set_state(ready_state(spec_for(), gpu_layers=31))
    QTest.mouseClick(named(panel, QCheckBox, "GPU layers: as many as fit"), LEFT, pos=QPoint(8, 8))
    type_into(named(panel, NumberBox, "GPU layers"), "12")
    type_into(named(panel, NumberBox, "Context in tokens"), "6000")
    QTest.mouseClick(named(panel, QCheckBox, "Threads: as many as there are physical cores"), LEFT, pos=QPoint(8, 8))
    type_into(named(panel, NumberBox, "Threads"), "1")
    for name, word in (("Type of the K cache", "q8"), ("Type of the V cache", "q5_1"), ("Flash attention", "on")):
        named(panel, QComboBox, name).setFocus()
        QTest.keyClicks(named(panel, QComboBox, name), word)
    mapped = next(box for box in panel.findChildren(QCheckBox) if box.text() == "Map the file into memory")
    QTest.mouseClick(mapped, LEFT, pos=QPoint(8, 8))
    assert requested(panel, qtbot) == spec_for(
        gpu_layers=12, context=6000, threads=1, cache_type_k="q8_0", cache_type_v="q5_1", flash_attention="on",
        load_mode="none",
    )  # fmt: skip


def test_the_end_of_the_slider_means_all_layers(panel: LoadPanel, qtbot: QtBot) -> None:
    panel.set_state(ready_state(spec_for(gpu_layers=3), gpu_layers=3))
    slider, box = named(panel, Slider, "GPU layers"), named(panel, NumberBox, "GPU layers")
    assert slider.maximum() == 31
    assert box.text() == "3"
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_End)
    assert box.text() == "all"
    assert requested(panel, qtbot).gpu_layers == ALL_LAYERS
    type_into(box, "30")
    assert slider.value() == 30
    type_into(box, "all")
    assert slider.value() == 31


def test_auto_puts_the_slider_out_of_use_and_shows_what_was_chosen(panel: LoadPanel) -> None:
    panel.set_state(ready_state(spec_for(gpu_layers=AUTO), gpu_layers=20))
    slider = named(panel, Slider, "GPU layers")
    assert not slider.isEnabled()
    assert slider.value() == 20
    QTest.mouseClick(named(panel, QCheckBox, "GPU layers: as many as fit"), LEFT, pos=QPoint(8, 8))
    assert slider.isEnabled()


@pytest.mark.parametrize(("name", "size"), [("4k", 4096), ("8k", 8192), ("16k", 16384), ("32k", 32768)])
def test_contexts_of_one_press(panel: LoadPanel, qtbot: QtBot, name: str, size: int) -> None:
    panel.set_state(ready_state(spec_for(context=1000), context=1000))
    QTest.mouseClick(button(panel, name), LEFT)
    assert requested(panel, qtbot).context == size


def test_a_context_beyond_the_trained_one_is_called_out(panel: LoadPanel) -> None:
    panel.set_state(ready_state())
    assert "trained with 8,192 tokens" in texts(panel)
    QTest.mouseClick(button(panel, "32k"), LEFT)
    assert "more than the 8,192 it was trained with" in texts(panel)


def test_the_models_own_context_is_a_word(panel: LoadPanel, qtbot: QtBot) -> None:
    panel.set_state(ready_state())
    box = named(panel, NumberBox, "Context in tokens")
    type_into(box, "all")
    assert box.text() == "all"
    assert requested(panel, qtbot).context == 0


def test_the_cache_is_estimated_from_what_it_takes_now(panel: LoadPanel) -> None:
    panel.set_state(ready_state())
    assert "about 90 MB" in texts(panel)
    QTest.mouseClick(button(panel, "8k"), LEFT)
    assert "about 180 MB" in texts(panel)
    named(panel, QComboBox, "Type of the K cache").setFocus()
    QTest.keyClicks(named(panel, QComboBox, "Type of the K cache"), "q8")
    assert "about 138 MB" in texts(panel)


def test_a_quantised_v_cache_without_flash_attention_is_called_out(panel: LoadPanel) -> None:
    panel.set_state(ready_state(spec_for(cache_type_v="q8_0")))
    assert "A quantised V cache needs flash attention." not in texts(panel)
    named(panel, QComboBox, "Flash attention").setFocus()
    QTest.keyClicks(named(panel, QComboBox, "Flash attention"), "of")
    assert "A quantised V cache needs flash attention." in texts(panel)


def test_every_cache_type_of_llama_cpp_is_offered(panel: LoadPanel) -> None:
    combo = named(panel, QComboBox, "Type of the K cache")
    assert tuple(combo.itemText(row) for row in range(combo.count())) == KV_TYPES


# -- what there is -----------------------------------------------------------------------------------


def test_devices_are_listed_with_their_free_memory(panel: LoadPanel) -> None:
    panel.set_state(replace(no_model_state(), devices=(GPU, CPU)))
    shown = texts(panel)
    assert {"CUDA0", "NVIDIA H100", "59 of 79 GB free", "CPU", "12.3 of 24 GB free"} <= set(shown)
    assert "No GPU is available: everything runs on the CPU." not in shown
    panel.set_state(no_model_state())
    assert "No GPU is available: everything runs on the CPU." in texts(panel)


def test_requested_and_applied_stand_side_by_side_and_differences_are_marked(panel: LoadPanel) -> None:
    spec = spec_for(gpu_layers=ALL_LAYERS, context=4000, flash_attention="auto")
    notes = ("The context was rounded up from 4,000 to 4,096.",)
    panel.set_state(ready_state(spec, gpu_layers=20, context=4096, notes=notes))
    shown = texts(panel)
    assert shown.index("Requested") < shown.index("Applied")
    assert "≠ 20 of 31" in shown
    assert "≠ 4,096" in shown
    assert "≠ on" not in shown
    note = panel.findChild(Note)
    assert note.isVisible()
    assert note.accessibleName() == notes[0]
    panel.set_state(ready_state(spec_for(), context=4096))
    assert not any(text.startswith("≠") for text in texts(panel))
    assert not note.isVisible()


def test_reload_is_offered_when_something_changed_and_not_when_it_is_undone(panel: LoadPanel) -> None:
    panel.set_state(ready_state())
    reload = button(panel, "Reload to apply")
    assert not reload.isEnabled()
    QTest.mouseClick(button(panel, "16k"), LEFT)
    assert reload.isEnabled()
    QTest.mouseClick(button(panel, "4k"), LEFT)
    assert not reload.isEnabled()
    panel.set_spec(spec_for(gpu_layers=0, context=9000))
    assert reload.isEnabled()


def test_progress_leaves_what_the_user_changes_alone(panel: LoadPanel) -> None:
    panel.set_state(loading_state(0.1))
    QTest.mouseClick(button(panel, "16k"), LEFT)
    panel.set_state(loading_state(0.6))
    assert named(panel, NumberBox, "Context in tokens").value() == 16384
    progress = panel.findChild(QProgressBar)
    assert progress.isVisible()
    assert progress.value() == 600
    panel.set_state(ready_state(spec_for()))
    assert named(panel, NumberBox, "Context in tokens").value() == 16384
    assert button(panel, "Reload to apply").isEnabled()
    assert not progress.isVisible()


def test_another_model_brings_its_own_settings(panel: LoadPanel) -> None:
    panel.set_state(ready_state())
    QTest.mouseClick(button(panel, "16k"), LEFT)
    other = spec_for(SMOLLM.with_name("Other-Q8_0.gguf"), context=2048)
    panel.set_state(loading_state(0.0, other))
    assert named(panel, NumberBox, "Context in tokens").value() == 2048
    assert "Other" in texts(panel)


def test_unload_and_cancel(panel: LoadPanel, qtbot: QtBot) -> None:
    for state, text in ((ready_state(), "Unload"), (loading_state(0.2), "Cancel")):
        panel.set_state(state)
        with qtbot.waitSignal(panel.unload_requested):
            QTest.mouseClick(button(panel, text), LEFT)


def test_a_failure_stands_in_the_panel_and_can_be_tried_again(panel: LoadPanel, qtbot: QtBot) -> None:
    panel.set_state(failed_state())
    assert "There is not enough memory. Close other programs." in texts(panel)
    assert requested(panel, qtbot, "Try again") == failed_state().requested
    panel.set_state(loading_state(0.0))
    assert "There is not enough memory. Close other programs." not in texts(panel)


def test_without_a_model_there_is_nothing_to_set(panel: LoadPanel) -> None:
    panel.set_state(no_model_state())
    assert not named(panel, NumberBox, "Context in tokens").isEnabled()
    assert not button(panel, "Load").isEnabled()


# -- the popover -------------------------------------------------------------------------------------


def test_it_opens_below_its_anchor_and_takes_the_keyboard(window: Window) -> None:
    window.panel.set_state(ready_state())
    with QtBotSignal(window.panel) as opened:
        window.panel.popup_below(window.anchor)
    card = window.panel.findChild(Card)
    assert opened.count == 1
    assert card.y() >= window.anchor.geometry().bottom()
    assert card.x() == window.anchor.x()
    assert card.geometry().bottom() < window.height()
    assert window.panel.hasFocus()


class QtBotSignal:
    """Counts how often a panel says that it opens."""

    def __init__(self, panel: LoadPanel) -> None:
        self._panel = panel
        self.count = 0

    def _on_opened(self) -> None:
        self.count += 1

    def __enter__(self) -> QtBotSignal:
        self._panel.opened.connect(self._on_opened)
        return self

    def __exit__(self, *_error: object) -> None:
        self._panel.opened.disconnect(self._on_opened)


@pytest.mark.parametrize("way", ["escape", "press beside it", "close button", "open again"])
def test_ways_to_close_it_give_the_keyboard_back(window: Window, panel: LoadPanel, qtbot: QtBot, way: str) -> None:
    stop = QShortcut(QKeySequence("Esc"), window)
    panel.set_state(ready_state())
    with qtbot.assertNotEmitted(stop.activated):
        if way == "escape":
            box = named(panel, NumberBox, "Context in tokens")
            box.setFocus()
            QTest.keyClick(box, Qt.Key.Key_Escape)
        elif way == "press beside it":
            QTest.mouseClick(window.childAt(800, 850), LEFT, pos=QPoint(800, 850))
        elif way == "close button":
            QTest.mouseClick(named(panel, IconButton, "Close"), LEFT)
        else:
            panel.popup_below(window.anchor)
    assert not panel.isVisible()
    qtbot.waitUntil(window.field.hasFocus)


def test_a_press_on_the_card_does_not_close_it(panel: LoadPanel) -> None:
    panel.set_state(ready_state())
    QTest.mouseClick(panel.findChild(Card), LEFT, pos=QPoint(60, 20))
    assert panel.isVisible()


def test_tab_stays_within_the_card_and_reaches_every_field(window: Window, panel: LoadPanel) -> None:
    panel.set_state(ready_state(spec_for(gpu_layers=3, threads=2), gpu_layers=3))
    QTest.mouseClick(button(panel, "16k"), LEFT)
    panel.setFocus()
    seen: list[QWidget] = []
    for _ in range(60):
        QTest.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        focused = window.focusWidget()
        assert panel.isAncestorOf(focused)
        if focused in seen:
            break
        seen.append(focused)
    fields = [*panel.findChildren(NumberBox), *panel.findChildren(QComboBox), *panel.findChildren(QCheckBox)]
    assert set(fields) <= set(seen)
    assert button(panel, "Reload to apply") in seen
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Backtab)
    assert window.focusWidget() is seen[-1]


@pytest.mark.parametrize("height", [900, 560, 420])
def test_a_low_window_scrolls_the_middle_and_keeps_the_buttons(
    window: Window, panel: LoadPanel, qtbot: QtBot, height: int
) -> None:
    panel.set_state(ready_state(gpu_layers=31))
    window.resize(560, height)
    card = panel.findChild(Card)
    qtbot.waitUntil(lambda: card.geometry().bottom() < height)
    reload = button(panel, "Reload to apply")
    bottom = reload.mapTo(window, QPoint(0, reload.height())).y()
    assert bottom < height
    assert card.geometry().right() < 560


def test_the_card_grows_with_what_it_has_to_say(panel: LoadPanel, qtbot: QtBot) -> None:
    card = panel.findChild(Card)
    panel.set_state(loading_state(0.5))
    qtbot.waitUntil(lambda: card.height() > 100)
    before = card.height()
    panel.set_state(ready_state(notes=("A note. " * 20,)))
    qtbot.waitUntil(lambda: card.height() > before + 100)
