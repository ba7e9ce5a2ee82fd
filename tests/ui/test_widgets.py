from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QVBoxLayout, QWidget

from app.ui.icons import IconSet
from app.ui.theme import ThemeManager
from app.ui.widgets import toast as toast_module
from app.ui.widgets.buttons import ActionButton, IconButton, LinkButton
from app.ui.widgets.card import Card
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.gauge import Gauge
from app.ui.widgets.note import Note
from app.ui.widgets.number_box import NumberBox
from app.ui.widgets.pill_button import PillButton
from app.ui.widgets.slider import Slider
from app.ui.widgets.toast import Toast


def pixels(widget: QWidget) -> list[str]:
    """The colour of every pixel of `widget` as it is painted."""
    image: QImage = widget.grab().toImage()
    return [image.pixelColor(x, y).name() for y in range(image.height()) for x in range(image.width())]


def turn_wheel(widget: QWidget, notches: int) -> QWheelEvent:
    centre = QPointF(widget.rect().center())
    event = QWheelEvent(
        centre, widget.mapToGlobal(centre), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)
    return event


class Host(QWidget):
    """A window that has another place for the focus, so that it can come to a widget and go."""

    def __init__(self) -> None:
        super().__init__()
        self.elsewhere = QLabel("elsewhere")
        self.elsewhere.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        QVBoxLayout(self).addWidget(self.elsewhere)

    def take(self, widget: QWidget) -> None:
        self.layout().addWidget(widget)
        widget.show()
        self.layout().activate()
        self.elsewhere.setFocus()


@pytest.fixture
def host(qtbot) -> Host:
    host = Host()
    qtbot.addWidget(host)
    host.show()
    host.activateWindow()
    qtbot.waitUntil(host.isActiveWindow)
    return host


# -- buttons


def test_icon_button_has_a_name_and_acts_on_click_and_return(
    qtbot, host: Host, theme: ThemeManager, icons: IconSet
) -> None:
    button = IconButton("copy", "Copy the answer", theme, icons)
    host.take(button)
    assert button.toolTip() == button.accessibleName() == "Copy the answer"
    assert QAccessible.queryAccessibleInterface(button).role() == QAccessible.Role.Button
    with qtbot.waitSignal(button.clicked):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Space):
        with qtbot.waitSignal(button.clicked):
            qtbot.keyClick(button, key)


def test_a_click_on_an_icon_leaves_the_focus_where_it_is(
    qtbot, host: Host, theme: ThemeManager, icons: IconSet
) -> None:
    button = IconButton("copy", "Copy", theme, icons)
    host.take(button)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not button.hasFocus()
    qtbot.keyClick(button.window().focusWidget(), Qt.Key.Key_Tab)
    assert button.hasFocus()
    assert theme.theme.hex("accent").lower() in pixels(button)


def test_icon_button_follows_the_theme_and_the_pointer(qtbot, host: Host, theme: ThemeManager, icons: IconSet) -> None:
    button = IconButton("stop", "Stop", theme, icons, color="text")
    host.take(button)
    light = pixels(button)
    theme.set_choice("dark")
    assert theme.theme.hex("text").lower() in pixels(button)
    assert pixels(button) != light
    QTest.mouseMove(host.elsewhere)
    qtbot.waitUntil(lambda: not button.underMouse())
    QTest.mouseMove(button)
    qtbot.waitUntil(lambda: theme.theme.hex("hover").lower() in pixels(button))


def test_an_unrevealed_icon_shows_only_with_the_focus(qtbot, host: Host, theme: ThemeManager, icons: IconSet) -> None:
    button = IconButton("close", "Remove", theme, icons)
    host.take(button)
    button.set_revealed(False)
    assert len(set(pixels(button))) == 1
    button.setFocus()
    assert len(set(pixels(button))) > 1


def test_send_becomes_stop(qtbot, host: Host, theme: ThemeManager, icons: IconSet) -> None:
    button = IconButton("arrow-up", "Send", theme, icons, primary=True)
    host.take(button)
    before = pixels(button)
    button.set_meaning("stop", "Stop")
    assert (button.icon_name, button.accessibleName()) == ("stop", "Stop")
    assert pixels(button) != before
    button.setEnabled(False)
    assert theme.theme.hex("accent").lower() not in pixels(button)


def test_action_button_tints_its_icon_anew(qtbot, theme: ThemeManager, icons: IconSet) -> None:
    button = ActionButton("New chat", theme, icons, icon="plus")
    qtbot.addWidget(button)
    light = button.icon().pixmap(16, 16).toImage()
    theme.set_choice("dark")
    assert button.icon().pixmap(16, 16).toImage() != light


def test_link_button_is_as_wide_as_its_words(qtbot, theme: ThemeManager, icons: IconSet) -> None:
    link = LinkButton("Undo", theme, icons)
    qtbot.addWidget(link)
    short = link.sizeHint()
    theme.set_text_scale(2.0)
    assert link.sizeHint().width() > short.width()


def test_pill_button_tells_all_it_shows_and_shortens_the_detail_first(
    qtbot, host: Host, theme: ThemeManager, icons: IconSet
) -> None:
    pill = PillButton(theme, icons, icon="cube", bold=True)
    host.take(pill)
    pill.set_content("QwQ-32B", "Q4_K_M · 64/64 layers on GPU", modified=True)
    assert pill.accessibleName() == "QwQ-32B, Q4_K_M · 64/64 layers on GPU, modified"
    assert theme.theme.hex("accent").lower() in pixels(pill)
    full = pill.sizeHint().width()
    pill.set_content("QwQ-32B")
    assert pill.sizeHint().width() < full
    pill.resize(pill.minimumSizeHint())
    assert theme.theme.hex("accent").lower() not in pixels(pill)


def test_pill_button_opens_its_menu(qtbot, host: Host, theme: ThemeManager, icons: IconSet) -> None:
    pill = PillButton(theme, icons)
    host.take(pill)
    menu = QMenu(pill)
    menu.addAction("Greedy")
    pill.set_menu(menu)
    qtbot.mouseClick(pill, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(menu.isVisible)
    menu.close()


# -- slider


@pytest.fixture
def slider(qtbot, host: Host, theme: ThemeManager) -> Slider:
    slider = Slider(theme)
    slider.setRange(0, 100)
    host.take(slider)
    slider.resize(214, 18)
    return slider


def at(slider: Slider, position: int) -> QPoint:
    """Where the middle of the handle is at `position`: 7 pixels of handle on either side, 2 a step."""
    return QPoint(7 + 2 * position, slider.height() // 2)


def test_slider_goes_where_it_is_pressed_and_follows_the_pointer(qtbot, slider: Slider) -> None:
    values: list[int] = []
    slider.valueChanged.connect(values.append)
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=at(slider, 70))
    qtbot.mouseMove(slider, at(slider, 20))
    qtbot.mouseMove(slider, QPoint(900, 5))
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(900, 5))
    qtbot.mouseMove(slider, at(slider, 50))
    assert values == [70, 20, 100]


def test_slider_does_not_jump_when_held_beside_the_middle_of_its_handle(qtbot, slider: Slider) -> None:
    slider.setValue(50)
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=at(slider, 50) + QPoint(5, 0))
    assert slider.value() == 50
    qtbot.mouseMove(slider, at(slider, 60) + QPoint(5, 0))
    assert slider.value() == 60
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=at(slider, 60))


def double_click(qtbot, slider: Slider, point: QPoint) -> None:
    qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=point)
    qtbot.mouseDClick(slider, Qt.MouseButton.LeftButton, pos=point)
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=point)


def test_only_a_double_click_on_the_handle_asks_for_a_reset(qtbot, slider: Slider) -> None:
    with qtbot.waitSignal(slider.reset_requested):
        double_click(qtbot, slider, at(slider, 0))
    with qtbot.assertNotEmitted(slider.reset_requested):
        double_click(qtbot, slider, at(slider, 60))
    assert slider.value() == 60


def test_slider_takes_keys_but_leaves_the_modified_ones(qtbot, slider: Slider) -> None:
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    qtbot.keyClick(slider, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert slider.value() == 1


def test_the_wheel_turns_a_slider_only_with_the_focus(qtbot, slider: Slider) -> None:
    assert not turn_wheel(slider, 1).isAccepted()
    assert slider.value() == 0
    slider.setFocus()
    turn_wheel(slider, 1)
    assert slider.value() > 0


def test_slider_fills_from_its_origin(qtbot, theme: ThemeManager, slider: Slider) -> None:
    accent = theme.theme.hex("accent").lower()

    def filled(position: int) -> bool:
        point = at(slider, position)
        return slider.grab().toImage().pixelColor(point).name() == accent

    slider.setValue(80)
    assert filled(20)
    slider.set_origin(50)
    assert not filled(20)
    assert filled(60)
    slider.setValue(10)
    assert filled(30)
    assert not filled(60)
    slider.set_dimmed(True)
    assert not filled(30)


# -- number box


def make_box(host: Host, theme: ThemeManager, icons: IconSet, **bounds: object) -> NumberBox:
    box = NumberBox(theme, icons, **bounds)
    host.take(box)
    return box


def type_into(qtbot, box: NumberBox, text: str) -> None:
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, text)
    qtbot.keyClick(box, Qt.Key.Key_Return)


@pytest.mark.parametrize(
    ("typed", "value", "shown"),
    [("0.5", 0.5, "0.50"), ("0,5", 0.5, "0.50"), ("0.125", 0.125, "0.125"), ("1", 1.0, "1.00"), ("7", 0.0, "0.00")],
)
def test_fractions(
    qtbot, host: Host, theme: ThemeManager, icons: IconSet, typed: str, value: float, shown: str
) -> None:
    box = make_box(host, theme, icons, minimum=0, maximum=1, step=0.01, decimals=2)
    type_into(qtbot, box, typed)
    assert (box.value(), box.text()) == (value, shown)


def test_a_value_is_taken_when_typing_ends(qtbot, host: Host, theme: ThemeManager, icons: IconSet) -> None:
    box = make_box(host, theme, icons, minimum=0, maximum=200)
    values: list[float] = []
    box.valueChanged.connect(values.append)
    type_into(qtbot, box, "120")
    assert values == [120]
    assert box.text() == "120"


def test_a_word_stands_for_the_lowest_value(qtbot, host: Host, theme: ThemeManager, icons: IconSet) -> None:
    box = make_box(host, theme, icons, minimum=-1, maximum=4096, step=16, special="whole context")
    box.setValue(64)
    narrow = box.sizeHint().width()
    type_into(qtbot, box, "whole")
    assert (box.value(), box.text(), box.is_special()) == (-1, "whole context", True)
    assert box.sizeHint().width() > narrow
    type_into(qtbot, box, "32")
    assert (box.value(), box.is_special()) == (32, False)


def test_stepping_stops_before_the_word(qtbot, host: Host, theme: ThemeManager, icons: IconSet) -> None:
    box = make_box(host, theme, icons, minimum=-1, maximum=4096, step=16, special="whole context")
    box.setValue(8)
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Down)
    assert box.value() == 0
    qtbot.keyClick(box, Qt.Key.Key_Up)
    assert box.value() == 16
    box.setValue(-1)
    qtbot.keyClick(box, Qt.Key.Key_Up)
    assert box.value() == -1


def test_the_wheel_turns_a_number_only_with_the_focus(qtbot, host: Host, theme: ThemeManager, icons: IconSet) -> None:
    box = make_box(host, theme, icons, minimum=0, maximum=10)
    assert not turn_wheel(box, 1).isAccepted()
    box.setFocus()
    turn_wheel(box, 1)
    assert box.value() == 1


def test_arrows_show_while_the_box_is_looked_at_and_step(
    qtbot, host: Host, theme: ThemeManager, icons: IconSet
) -> None:
    box = make_box(host, theme, icons, minimum=0, maximum=10)
    QTest.mouseMove(host.elsewhere)
    qtbot.waitUntil(lambda: not box.underMouse())
    at_rest = pixels(box)
    QTest.mouseMove(box)
    qtbot.waitUntil(lambda: pixels(box) != at_rest)
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(box.width() - 7, 5))
    assert box.value() == 1
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(box.width() - 7, box.height() - 5))
    assert box.value() == 0


# -- the rest


def test_note_shows_plain_text_and_emits_its_actions(qtbot, host: Host, theme: ThemeManager, icons: IconSet) -> None:
    note = Note(theme, icons)
    host.take(note)
    note.set_content("1 < 2 & 3", "The sampler <b>x</b> is out.", [("why", "Why"), ("add", "Add it")], emphasis="is")
    text = note.findChild(QLabel).text()
    assert text == "<b>1 &lt; 2 &amp; 3</b> The sampler &lt;b&gt;x&lt;/b&gt; <i>is</i> out."
    with qtbot.waitSignal(note.action) as asked:
        qtbot.mouseClick(note.link("add"), Qt.MouseButton.LeftButton)
    assert asked.args == ["add"]
    note.link("why").setFocus()
    with qtbot.waitSignal(note.action) as asked:
        qtbot.keyClick(note.link("why"), Qt.Key.Key_Return)
    assert asked.args == ["why"]
    assert theme.theme.hex("note_ground").lower() in pixels(note)


def test_a_note_keeps_its_links_while_only_the_text_changes(
    qtbot, host: Host, theme: ThemeManager, icons: IconSet
) -> None:
    note = Note(theme, icons)
    host.take(note)
    note.set_content("It repeats itself", "since token 10.", [("go", "Go on")])
    link = note.link("go")
    note.set_content("It repeats itself", "since token 11.", [("go", "Go on")])
    assert note.link("go") is link
    note.set_content("It repeats itself", "", [("answer", "Answer now")])
    qtbot.waitUntil(note.link("answer").isVisible)
    assert [found.text() for found in note.findChildren(LinkButton) if found.isVisible()] == ["Answer now"]


def test_card_wears_the_focus_and_steps_back(qtbot, host: Host, theme: ThemeManager) -> None:
    card = Card(theme)
    card.setMinimumSize(60, 40)
    card.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    host.take(card)
    assert theme.theme.hex("accent").lower() not in pixels(card)
    card.setFocus()
    assert theme.theme.hex("accent").lower() in pixels(card)
    card.set_dimmed(True)
    assert theme.theme.hex("surface_dim").lower() in pixels(card)


def test_gauge_fills_by_share_and_warns_when_nearly_full(qtbot, host: Host, theme: ThemeManager) -> None:
    gauge = Gauge(theme)
    host.take(gauge)
    accent, warning = theme.theme.hex("accent").lower(), theme.theme.hex("note_text").lower()
    filled = []
    for share in (-1.0, 0.25, 0.5, 2.0):
        gauge.set_level("Context 1,024 of 4,096", share)
        colours = pixels(gauge)
        filled.append((colours.count(accent), colours.count(warning)))
    assert filled[0] == (0, 0)
    assert 0 < filled[1][0] < filled[2][0]
    assert filled[3][0] == 0 < filled[3][1]
    assert gauge.accessibleName() == "Context 1,024 of 4,096"


def test_elided_label_tells_what_it_cuts_and_reads_no_html(qtbot, theme: ThemeManager) -> None:
    label = ElidedLabel("a <b>long</b> name of a chat")
    qtbot.addWidget(label)
    label.resize(60, 20)
    label.show()
    assert label.toolTip() == "a <b>long</b> name of a chat"
    label.resize(600, 20)
    assert label.toolTip() == ""
    assert label.textFormat() == Qt.TextFormat.PlainText


@pytest.fixture
def toast(host: Host, theme: ThemeManager, icons: IconSet, monkeypatch: pytest.MonkeyPatch) -> Toast:
    monkeypatch.setattr(toast_module, "SHOWN_MS", 60)
    host.resize(600, 400)
    return Toast(theme, icons, host)


def test_toast_offers_undo_and_is_then_gone(qtbot, toast: Toast) -> None:
    toast.show_message("Chat deleted.")
    with qtbot.waitSignal(toast.undo), qtbot.assertNotEmitted(toast.expired, wait=150):
        qtbot.mouseClick(toast.findChild(LinkButton), Qt.MouseButton.LeftButton)
    assert toast.isHidden()


def test_toast_expires_by_itself_and_when_the_next_comes(qtbot, toast: Toast) -> None:
    toast.show_message("Chat deleted.")
    with qtbot.waitSignal(toast.expired):
        toast.show_message("Another chat deleted.")
    assert toast.isVisible()
    with qtbot.waitSignal(toast.expired):
        pass
    assert toast.isHidden()


def test_toast_stays_centred_at_the_foot_of_its_window(toast: Toast) -> None:
    toast.show_message("Chat deleted.", undo="")
    for width, height in ((600, 400), (900, 640), (200, 300)):
        toast.parentWidget().resize(width, height)
        assert abs(toast.geometry().center().x() - width // 2) <= 1
        assert toast.geometry().bottom() == height - 17
        assert toast.width() <= width - 32
