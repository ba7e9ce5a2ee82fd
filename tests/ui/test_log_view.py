"""The log, and the report of a mistake."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLabel, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from app.ui.log_view import ErrorReportDialog, LogView
from app.ui.theme import ThemeManager

LEFT = Qt.MouseButton.LeftButton


def press(dialog: QDialog, text: str) -> None:
    QTest.mouseClick(next(button for button in dialog.findChildren(QPushButton) if button.text() == text), LEFT)


def test_the_end_of_the_log_is_in_sight_and_can_be_copied(qtbot: QtBot, theme: ThemeManager, tmp_path: Path) -> None:
    log = tmp_path / "thinkpane.log"
    log.write_text("\n".join(f"line {number}" for number in range(5000)), "utf-8")
    dialog = LogView(log)
    qtbot.addWidget(dialog)
    dialog.show()
    text = dialog.findChild(QPlainTextEdit)
    assert text.isReadOnly()
    assert text.toPlainText().endswith("line 4999")
    assert text.verticalScrollBar().value() == text.verticalScrollBar().maximum() > 0
    press(dialog, "Copy")
    assert QGuiApplication.clipboard().text().endswith("line 4999")
    press(dialog, "Close")
    assert not dialog.isVisible()


def test_a_log_that_is_not_there_yet_is_said_so(qtbot: QtBot, theme: ThemeManager, tmp_path: Path) -> None:
    dialog = LogView(tmp_path / "thinkpane.log")
    qtbot.addWidget(dialog)
    assert dialog.findChild(QPlainTextEdit).toPlainText() == "Nothing has been logged yet."


def test_a_report_has_the_message_and_the_traceback(qtbot: QtBot, theme: ThemeManager) -> None:
    dialog = ErrorReportDialog("<i>size</i>", "Traceback:\n  KeyError: 'size'")
    qtbot.addWidget(dialog)
    dialog.show()
    message = next(label for label in dialog.findChildren(QLabel) if label.text() == "<i>size</i>")
    assert message.textFormat() == Qt.TextFormat.PlainText
    press(dialog, "Copy")
    assert QGuiApplication.clipboard().text() == "<i>size</i>\n\nTraceback:\n  KeyError: 'size'"
    press(dialog, "Go on")
    assert not dialog.isVisible()
