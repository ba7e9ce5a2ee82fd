"""Before there is anything to read: the first model, and the first message."""

from __future__ import annotations

import pytest
from helpers.model_states import failed_state, loading_state, no_model_state, ready_state
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.core.errors import AppError
from app.ui.icons import IconSet
from app.ui.theme import ThemeManager
from app.ui.welcome_cards import PromptCard
from app.ui.welcome_page import EXAMPLES, WelcomePage
from app.ui.widgets.buttons import LinkButton

LEFT = Qt.MouseButton.LeftButton
MEGABYTE = 1_000_000


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def page(qtbot: QtBot, theme: ThemeManager, icons: IconSet, clock: Clock) -> WelcomePage:
    widget = WelcomePage(theme, icons, clock=clock)
    qtbot.addWidget(widget)
    widget.resize(800, 600)
    widget.set_model_state(no_model_state())
    widget.show()
    return widget


def texts(page: WelcomePage) -> list[str]:
    return [label.text() for label in page.findChildren(QLabel) if label.isVisible() and label.text()]


def press(page: WelcomePage, text: str, kind: type[QWidget] = QPushButton) -> None:
    QTest.mouseClick(next(each for each in page.findChildren(kind) if each.text() == text and each.isVisible()), LEFT)


@pytest.mark.parametrize(
    ("text", "kind", "signal"),
    [
        ("Get the starter model", QPushButton, "starter_requested"),
        ("Open a GGUF file...", QPushButton, "open_file_requested"),
        ("Open the models folder", LinkButton, "models_folder_requested"),
    ],
)
def test_without_a_model_there_are_ways_to_get_one(
    page: WelcomePage, qtbot: QtBot, text: str, kind: type[QWidget], signal: str
) -> None:
    assert "You can also drop a .gguf on this window." in texts(page)
    with qtbot.waitSignal(getattr(page, signal)):
        press(page, text, kind)


def test_the_download_tells_how_much_how_fast_and_how_long(page: WelcomePage, clock: Clock) -> None:
    bar = page.findChild(QProgressBar)
    page.set_starter_progress(0, 0)
    assert bar.isVisible()
    assert bar.maximum() == 0
    assert "Asking for it..." in texts(page)
    clock.now += 4
    page.set_starter_progress(20 * MEGABYTE, 93 * MEGABYTE)
    assert bar.value() / bar.maximum() == pytest.approx(20 / 93, abs=0.01)
    assert "20 of 93 MB · 5.0 MB/s · 15 s left" in texts(page)
    page.set_starter_progress(93 * MEGABYTE, 93 * MEGABYTE)
    assert "Unpacking..." in texts(page)


def test_a_download_can_be_cancelled_and_begun_anew(page: WelcomePage, qtbot: QtBot, clock: Clock) -> None:
    page.set_starter_progress(0, 0)
    clock.now += 60
    with qtbot.waitSignal(page.cancel_starter_requested):
        press(page, "Cancel")
    page.set_starter_idle()
    with qtbot.waitSignal(page.starter_requested):
        press(page, "Get the starter model")
    page.set_starter_progress(0, 0)
    clock.now += 2
    page.set_starter_progress(10 * MEGABYTE, 93 * MEGABYTE)
    assert any("5.0 MB/s" in text for text in texts(page))


def test_a_failed_download_says_why_in_place_and_offers_it_again(page: WelcomePage, qtbot: QtBot) -> None:
    page.set_starter_progress(0, 0)
    page.set_starter_error(AppError("There is no network.", "Open a file instead."))
    assert "There is no network. Open a file instead." in texts(page)
    with qtbot.waitSignal(page.starter_requested):
        press(page, "Get the starter model")
    page.set_starter_error(None)
    assert "There is no network. Open a file instead." not in texts(page)


def test_an_error_is_read_as_plain_text(page: WelcomePage) -> None:
    page.set_starter_error(AppError("<b>bold</b>"))
    label = next(label for label in page.findChildren(QLabel) if label.text() == "<b>bold</b>")
    assert label.textFormat() == Qt.TextFormat.PlainText


def test_with_a_model_it_greets_and_suggests(page: WelcomePage, qtbot: QtBot) -> None:
    page.set_model_state(loading_state(0.3))
    assert "SmolLM2-135M-Instruct is loading. It answers what you send as soon as it can." in texts(page)
    page.set_model_state(ready_state())
    assert "SmolLM2-135M-Instruct runs on this machine. Nothing you write leaves it." in texts(page)
    cards = [card for card in page.findChildren(PromptCard) if card.isVisible()]
    assert len(cards) == len(EXAMPLES) == 4
    for card, (_title, prompt) in zip(cards, EXAMPLES, strict=True):
        with qtbot.waitSignal(page.prompt_chosen) as chosen:
            QTest.mouseClick(card, LEFT)
        assert chosen.args == [prompt]


def test_a_card_can_be_chosen_by_keyboard(page: WelcomePage, qtbot: QtBot) -> None:
    page.set_model_state(ready_state())
    card = page.findChild(PromptCard)
    card.setFocus(Qt.FocusReason.TabFocusReason)
    with qtbot.waitSignal(page.prompt_chosen):
        QTest.keyClick(card, Qt.Key.Key_Return)


@pytest.mark.parametrize("state", [no_model_state(), failed_state()])
def test_a_model_that_went_away_brings_the_offers_back(page: WelcomePage, state: object) -> None:
    page.set_starter_progress(5, 10)
    page.set_model_state(ready_state())
    page.set_model_state(state)
    assert any(
        button.text() == "Get the starter model" and button.isVisible() for button in page.findChildren(QPushButton)
    )


@pytest.mark.parametrize("scale", [1.0, 1.6])
@pytest.mark.parametrize("size", [(520, 200), (520, 400), (900, 600), (1600, 1000)])
def test_nothing_is_cut_at_any_size(
    page: WelcomePage, theme: ThemeManager, scale: float, size: tuple[int, int]
) -> None:
    theme.set_text_scale(scale)
    page.resize(*size)
    for state in (no_model_state(), ready_state()):
        page.set_model_state(state)
        QTest.qWait(0)
        inside = page.widget()
        assert inside.width() <= page.viewport().width()
        for card in page.findChildren(PromptCard):
            if card.isVisible():
                assert card.height() >= card.heightForWidth(card.width())
        for label in page.findChildren(QLabel):
            if label.isVisible() and label.text():
                assert label.height() >= label.heightForWidth(label.width()), label.text()
