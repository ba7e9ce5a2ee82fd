"""The chats at the left, worked with mouse and keys."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QListView, QMainWindow, QMenu
from pytestqt.qtbot import QtBot

from app.item_models.chats import ChatListModel
from app.store.chat_store import ChatSummary
from app.ui.chat_sidebar import ChatSidebar, NewChatButton, SearchField
from app.ui.icons import IconSet
from app.ui.theme import ThemeManager
from app.ui.widgets.row_button import RowButton

NOON = datetime(2025, 3, 12, 12, 0)
TITLES = ("Flappy Bird", "Train timetable", "Bird songs", "A letter")
LEFT = Qt.MouseButton.LeftButton


def chats() -> list[ChatSummary]:
    times = [(NOON - timedelta(days=number)).timestamp() for number in range(len(TITLES))]
    return [ChatSummary(str(n), title, times[n], times[n]) for n, title in enumerate(TITLES)]


@pytest.fixture
def model(qapp: QApplication) -> ChatListModel:
    return ChatListModel(clock=NOON.timestamp)


@pytest.fixture
def sidebar(qtbot: QtBot, theme: ThemeManager, icons: IconSet, model: ChatListModel) -> Iterator[ChatSidebar]:
    model.set_chats(chats())
    window = QMainWindow()
    widget = ChatSidebar(model, theme, icons)
    window.setCentralWidget(widget)
    qtbot.addWidget(window)
    window.resize(236, 600)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    yield widget
    window.close()


def view(sidebar: ChatSidebar) -> QListView:
    return sidebar.findChild(QListView)


def row(sidebar: ChatSidebar, chat_id: str) -> QPoint:
    """The middle of a chat's row, in the viewport."""
    return view(sidebar).visualRect(view(sidebar).model().index_of(chat_id)).center()


def click(sidebar: ChatSidebar, chat_id: str) -> None:
    QTest.mouseClick(view(sidebar).viewport(), LEFT, pos=row(sidebar, chat_id))


def selected(sidebar: ChatSidebar) -> list[str]:
    return [index.data() for index in view(sidebar).selectedIndexes()]


def editor(sidebar: ChatSidebar) -> QLineEdit:
    field = view(sidebar).viewport().findChild(QLineEdit)
    assert field is not None
    return field


def test_a_click_asks_for_a_chat_and_the_program_selects_it(sidebar: ChatSidebar, qtbot: QtBot) -> None:
    with qtbot.waitSignal(sidebar.chat_activated) as activated:
        click(sidebar, "2")
    assert activated.args == ["2"]
    assert selected(sidebar) == []
    sidebar.set_current("2")
    assert selected(sidebar) == ["Bird songs"]
    sidebar.set_current(None)
    assert selected(sidebar) == []


def test_a_header_cannot_be_chosen(sidebar: ChatSidebar, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(sidebar.chat_activated):
        QTest.mouseClick(
            view(sidebar).viewport(), LEFT, pos=view(sidebar).visualRect(view(sidebar).model().index(0)).center()
        )


def test_arrow_keys_skip_headers_and_return_opens(sidebar: ChatSidebar, qtbot: QtBot) -> None:
    sidebar.set_current("0")
    view(sidebar).setFocus()
    with qtbot.assertNotEmitted(sidebar.chat_activated):
        QTest.keyClick(view(sidebar), Qt.Key.Key_Down)
    assert view(sidebar).currentIndex().data() == "Train timetable"
    assert selected(sidebar) == ["Flappy Bird"]
    with qtbot.waitSignal(sidebar.chat_activated) as activated:
        QTest.keyClick(view(sidebar), Qt.Key.Key_Return)
    assert activated.args == ["1"]


def test_the_open_chat_stays_selected_when_it_moves_to_the_top(sidebar: ChatSidebar, model: ChatListModel) -> None:
    sidebar.set_current("3")
    moved = [*chats()[:3], ChatSummary("3", "A letter", 0.0, NOON.timestamp() + 1)]
    model.set_chats(moved)
    assert selected(sidebar) == ["A letter"]
    assert view(sidebar).selectedIndexes()[0].row() == 1


def test_a_chat_that_comes_later_is_selected_when_it_comes(sidebar: ChatSidebar, model: ChatListModel) -> None:
    sidebar.set_current("new")
    assert selected(sidebar) == []
    model.set_chats([*chats(), ChatSummary("new", "Fresh", 0.0, NOON.timestamp() + 1)])
    assert selected(sidebar) == ["Fresh"]


@pytest.mark.parametrize("way", ["F2", "double click", "begin_rename", "menu"])
def test_a_title_is_edited_in_place(sidebar: ChatSidebar, qtbot: QtBot, way: str) -> None:
    if way == "F2":
        view(sidebar).setFocus()
        view(sidebar).setCurrentIndex(view(sidebar).model().index_of("1"))
        QTest.keyClick(view(sidebar), Qt.Key.Key_F2)
    elif way == "double click":
        click(sidebar, "1")
        QTest.mouseDClick(view(sidebar).viewport(), LEFT, pos=row(sidebar, "1"))
    elif way == "begin_rename":
        sidebar.begin_rename("1")
    else:
        choose_from_menu(sidebar, "1", "Rename")
    field = editor(sidebar)
    assert field.selectedText() == "Train timetable"
    QTest.keyClicks(field, "  Night   trains ")
    with qtbot.waitSignal(sidebar.rename_requested) as renamed:
        QTest.keyClick(field, Qt.Key.Key_Return)
    assert renamed.args == ["1", "Night trains"]


def test_a_chat_that_a_search_hides_is_brought_back_to_be_renamed(sidebar: ChatSidebar) -> None:
    QTest.keyClicks(sidebar.findChild(SearchField), "bird")
    sidebar.begin_rename("3")
    assert editor(sidebar).text() == "A letter"


@pytest.mark.parametrize(("typed", "key"), [("Other", Qt.Key.Key_Escape), ("   ", Qt.Key.Key_Return)])
def test_an_edit_given_up_or_left_empty_changes_nothing(
    sidebar: ChatSidebar, qtbot: QtBot, typed: str, key: Qt.Key
) -> None:
    sidebar.begin_rename("1")
    QTest.keyClicks(editor(sidebar), typed)
    with qtbot.assertNotEmitted(sidebar.rename_requested):
        QTest.keyClick(editor(sidebar), key)


def test_f2_in_the_list_wins_over_the_shortcut_of_the_window(sidebar: ChatSidebar, qtbot: QtBot) -> None:
    shortcut = QShortcut(QKeySequence("F2"), sidebar.window())
    view(sidebar).setFocus()
    view(sidebar).setCurrentIndex(view(sidebar).model().index_of("2"))
    qtbot.waitUntil(view(sidebar).hasFocus)
    with qtbot.assertNotEmitted(shortcut.activated):
        QTest.keyClick(view(sidebar), Qt.Key.Key_F2)
    assert editor(sidebar).text() == "Bird songs"


def test_delete_key_and_menu_ask_to_delete(sidebar: ChatSidebar, qtbot: QtBot) -> None:
    view(sidebar).setFocus()
    view(sidebar).setCurrentIndex(view(sidebar).model().index_of("2"))
    with qtbot.waitSignal(sidebar.delete_requested) as deleted:
        QTest.keyClick(view(sidebar), Qt.Key.Key_Delete)
    assert deleted.args == ["2"]
    with qtbot.waitSignal(sidebar.delete_requested) as deleted:
        choose_from_menu(sidebar, "3", "Delete")
    assert deleted.args == ["3"]


def choose_from_menu(sidebar: ChatSidebar, chat_id: str, text: str) -> None:
    viewport = view(sidebar).viewport()
    place = row(sidebar, chat_id)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, viewport.mapToGlobal(place))
    QApplication.sendEvent(viewport, event)
    menu = sidebar.findChild(QMenu)
    assert menu.isVisible()
    action = next(action for action in menu.actions() if action.text() == text)
    QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(action).center())


def test_search_narrows_the_list_and_escape_clears_it(sidebar: ChatSidebar, qtbot: QtBot) -> None:
    field = sidebar.findChild(SearchField)
    stop = QShortcut(QKeySequence("Esc"), sidebar.window())
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    QTest.keyClicks(field, "bird")
    assert shown_titles(sidebar) == ["Flappy Bird", "Bird songs"]
    QTest.keyClick(field, Qt.Key.Key_Down)
    assert view(sidebar).currentIndex().data() == "Flappy Bird"
    assert view(sidebar).hasFocus()
    field.setFocus()
    with qtbot.assertNotEmitted(stop.activated):
        QTest.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == ""
    assert shown_titles(sidebar) == list(TITLES)


def shown_titles(sidebar: ChatSidebar) -> list[str]:
    model = view(sidebar).model()
    return [model.index(n).data() for n in range(model.rowCount()) if model.flags(model.index(n))]


def test_the_selection_outlives_a_search(sidebar: ChatSidebar) -> None:
    sidebar.set_current("1")
    field = sidebar.findChild(SearchField)
    QTest.keyClicks(field, "bird")
    assert selected(sidebar) == []
    field.clear()
    assert selected(sidebar) == ["Train timetable"]


def test_emptiness_is_said_in_words(sidebar: ChatSidebar, model: ChatListModel) -> None:
    words = list(sidebar.findChildren(QLabel))
    QTest.keyClicks(sidebar.findChild(SearchField), "zebra")
    assert [label.text() for label in words if label.isVisible()] == ["No title has these words."]
    sidebar.findChild(SearchField).clear()
    model.set_chats([])
    assert [label.text() for label in words if label.isVisible()] == ["No chats yet"]
    model.set_chats(chats())
    assert view(sidebar).isVisible()


def test_new_chat_and_models(sidebar: ChatSidebar, qtbot: QtBot) -> None:
    with qtbot.waitSignal(sidebar.new_chat_requested):
        QTest.mouseClick(sidebar.findChild(NewChatButton), LEFT)
    models = sidebar.findChild(RowButton)
    sidebar.set_models_summary("4 · 31 GB")
    assert models.accessibleName() == "Models, 4 · 31 GB"
    with qtbot.waitSignal(sidebar.models_requested):
        QTest.mouseClick(models, LEFT)


def test_a_row_lights_up_under_the_pointer_and_when_selected(sidebar: ChatSidebar, theme: ThemeManager) -> None:
    sidebar.set_current("0")
    corner = QPoint(view(sidebar).width() - 20, 0)

    def ground(chat_id: str) -> str:
        picture = view(sidebar).viewport().grab().toImage()
        place = row(sidebar, chat_id)
        return picture.pixelColor(corner.x(), place.y()).name().upper()

    assert ground("0") == theme.theme.hex("accent_ground").upper()
    QApplication.sendEvent(view(sidebar).viewport(), QEvent(QEvent.Type.Enter))
    QTest.mouseMove(view(sidebar).viewport(), row(sidebar, "1"))
    assert ground("1") == theme.theme.hex("hover").upper()


def test_long_titles_never_make_the_list_scroll_sideways(sidebar: ChatSidebar, model: ChatListModel) -> None:
    model.set_chats([ChatSummary("x", "long " * 60, 0.0, NOON.timestamp())])
    QTest.qWait(0)
    assert view(sidebar).horizontalScrollBar().maximum() == 0
