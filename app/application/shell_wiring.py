"""Connects the window itself: theme, panes, text size, preferences, help, our own bugs."""

from __future__ import annotations

import base64
import binascii
import traceback
from types import TracebackType

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMessageBox

from app import __version__
from app.application.options import WindowOptions
from app.application.state import UserState
from app.crash_recovery import install_hooks
from app.engine import native
from app.paths import Paths
from app.ui.log_view import ErrorReportDialog, LogView
from app.ui.main_window import MainWindow
from app.ui.note_bar import Notice
from app.ui.preferences_dialog import PreferencesDialog
from app.ui.theme import ThemeManager

_SCALE_STEP = 0.1


class ShellWiring:
    """What belongs to no pane in particular."""

    def __init__(
        self, window: MainWindow, theme: ThemeManager, state: UserState, paths: Paths, options: WindowOptions
    ) -> None:
        self._window = window
        self._theme = theme
        self._state = state
        self._paths = paths
        self._geometry_file = paths.cache / "window-geometry"
        self._reports_open = False
        self._connect()
        self._apply(options)
        install_hooks(self._on_bug)

    def keep_window(self) -> None:
        """Remember size, place and panes for the next start."""
        sidebar, panel = self._window.panes_wanted
        self._state.change(sidebar_visible=sidebar, sampler_panel_visible=panel)
        geometry = base64.b64encode(self._window.save_geometry())
        try:
            self._geometry_file.write_bytes(geometry)
        except OSError:
            return  # the place of a window is not worth a message at the very end

    def tell_of_the_past(self, *, crashed: bool, interrupted: int) -> None:
        """Say what was restored after a run that died, and what could not be read."""
        if crashed:
            kept = "Everything is kept."
            if interrupted:
                kept = "The answer that was being written is kept, with Continue."
            self._window.notes.put(
                Notice(
                    "crash",
                    "Thinkpane did not end well last time.",
                    kept,
                    [("log", "Open log")],
                    {"log": self._on_log_triggered},
                )
            )
        if self._state.faults:
            text = " ".join(self._state.faults[:3])
            self._window.notes.put(Notice("settings", "Some settings could not be used.", text))

    def _connect(self) -> None:
        window, actions = self._window, self._window.actions_by_key
        actions.theme_chosen.connect(self._on_theme_chosen)
        actions["show_sidebar"].triggered.connect(self._on_sidebar_triggered)
        actions["show_samplers"].triggered.connect(self._on_samplers_triggered)
        actions["text_larger"].triggered.connect(self._on_larger_triggered)
        actions["text_smaller"].triggered.connect(self._on_smaller_triggered)
        actions["text_normal"].triggered.connect(self._on_normal_triggered)
        actions["preferences"].triggered.connect(self._on_preferences_triggered)
        actions["open_log"].triggered.connect(self._on_log_triggered)
        actions["open_data_folder"].triggered.connect(self._on_data_folder_triggered)
        actions["about"].triggered.connect(self._on_about_triggered)
        actions["quit"].triggered.connect(window.close)

    def _apply(self, options: WindowOptions) -> None:
        settings, window = self._state.settings, self._window
        choice = options.theme or settings.theme
        self._theme.set_choice(choice)  # type: ignore[arg-type]
        self._theme.set_text_scale(settings.text_scale)
        window.actions_by_key.set_theme(choice)
        window.composer.set_send_on_enter(settings.send_on_enter)
        window.set_panes_wanted(sidebar=settings.sidebar_visible, panel=settings.sampler_panel_visible)
        window.status.set_build(native.build_name())
        if options.size is not None:
            window.resize(*options.size)
        else:
            self._restore_geometry()

    def _restore_geometry(self) -> None:
        try:
            data = base64.b64decode(self._geometry_file.read_bytes(), validate=True)
        except (OSError, binascii.Error):
            return
        self._window.restore_geometry(data)

    def _set_scale(self, scale: float) -> None:
        self._theme.set_text_scale(scale)
        self._state.change(text_scale=self._theme.fonts.scale)

    def _on_theme_chosen(self, choice: str) -> None:
        self._theme.set_choice(choice)  # type: ignore[arg-type]
        self._state.change(theme=choice)

    def _on_sidebar_triggered(self, shown: bool) -> None:
        self._window.toggle_pane("sidebar", shown)

    def _on_samplers_triggered(self, shown: bool) -> None:
        self._window.toggle_pane("panel", shown)

    def _on_larger_triggered(self) -> None:
        self._set_scale(self._theme.fonts.scale + _SCALE_STEP)

    def _on_smaller_triggered(self) -> None:
        self._set_scale(self._theme.fonts.scale - _SCALE_STEP)

    def _on_normal_triggered(self) -> None:
        self._set_scale(1.0)

    def _on_preferences_triggered(self) -> None:
        dialog = PreferencesDialog(self._state.settings, self._paths.models, self._window)
        if not dialog.exec():
            return
        settings = dialog.settings()
        self._state.replace(settings)
        self._theme.set_choice(settings.theme)
        self._theme.set_text_scale(settings.text_scale)
        self._window.actions_by_key.set_theme(settings.theme)
        self._window.composer.set_send_on_enter(settings.send_on_enter)

    def _on_log_triggered(self) -> None:
        LogView(self._paths.logs / "thinkpane.log", self._window).exec()

    def _on_data_folder_triggered(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._paths.data)))

    def _on_about_triggered(self) -> None:
        text = (
            f"Thinkpane {__version__}\n\nA desktop chat for reasoning models on your own machine.\n\n"
            f"{native.build_name()}\n{native.system_info()}"
        )
        QMessageBox.about(self._window, "About Thinkpane", text)

    def _on_bug(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if self._reports_open:
            return  # a bug in a paint event comes with every frame: one dialog is enough
        self._reports_open = True
        try:
            text = "".join(traceback.format_exception(kind, error, trace))
            ErrorReportDialog(str(error) or kind.__name__, text, self._window).exec()
        finally:
            self._reports_open = False
