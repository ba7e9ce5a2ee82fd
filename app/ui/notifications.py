"""Tells that an answer has ended while the window is away."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from app.core.conversation import Message, MessageState

_SHOWN_MILLISECONDS = 6000


class Notifications:
    """A mark in the task bar, and a bubble of the desktop where there is one."""

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._tray: QSystemTrayIcon | None = None

    def answer_finished(self, title: str, message: Message) -> None:
        """Tell of an answer; nothing happens while the window is in front, or after a stop."""
        if self._window.isActiveWindow() or message.state is MessageState.CANCELLED:
            return
        QApplication.alert(self._window)
        if not QSystemTrayIcon.isSystemTrayAvailable() or not QSystemTrayIcon.supportsMessages():
            return
        if self._tray is None:
            self._tray = QSystemTrayIcon(self._window.windowIcon(), self._window)
            self._tray.messageClicked.connect(self._on_tray_message_clicked)
        head = "The answer failed" if message.state is MessageState.FAILED else "The answer is ready"
        self._tray.show()
        text = message.error or message.answer.strip()
        body = " ".join(text.split())[:120]
        self._tray.showMessage(f"{head}: {title}", body, self._window.windowIcon(), _SHOWN_MILLISECONDS)

    def _on_tray_message_clicked(self) -> None:
        self._window.showNormal()
        self._window.raise_()
        self._window.activateWindow()
        if self._tray is not None:
            self._tray.hide()
