"""Everything a person can do from the menu bar, with its shortcut; and the menus themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from app.core.presets import Preset

_SHORTCUT_PRESETS = 9  # Ctrl+1 .. Ctrl+9


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One entry of a menu: its key in `Actions`, its text, its shortcuts."""

    key: str
    text: str
    shortcut: str = ""
    checkable: bool = False
    role: QAction.MenuRole = QAction.MenuRole.NoRole


_S = ActionSpec
_SEPARATOR = ActionSpec("", "")

MENUS: dict[str, tuple[ActionSpec, ...]] = {
    "&File": (
        _S("new_chat", "&New chat", "Ctrl+N"),
        _S("open_model", "&Open a GGUF...", "Ctrl+O"),
        _SEPARATOR,
        _S("preferences", "&Preferences...", "Ctrl+,", role=QAction.MenuRole.PreferencesRole),
        _SEPARATOR,
        _S("quit", "&Quit", "Ctrl+Q", role=QAction.MenuRole.QuitRole),
    ),
    "&Edit": (
        _S("copy_answer", "&Copy last answer", "Ctrl+Shift+C"),
        _S("copy_thought", "Copy last &thought", "Ctrl+Shift+T"),
        _SEPARATOR,
        _S("edit_message", "&Edit last message", "Ctrl+Shift+E"),
        _S("focus_composer", "&Write a message", "Ctrl+K"),
    ),
    "&Chat": (
        _S("stop", "&Stop", "Esc"),
        _S("regenerate", "&Regenerate answer", "Ctrl+R"),
        _S("continue", "&Continue answer", "Ctrl+Shift+Return"),
        _SEPARATOR,
        _S("raw_prompt", "Ra&w prompt, no template", checkable=True),
        _SEPARATOR,
        _S("rename_chat", "Re&name chat", "F2"),
        _S("delete_chat", "&Delete chat", "Ctrl+Shift+Backspace"),
    ),
    "&Model": (
        _S("load_settings", "&Load settings...", "Ctrl+L"),
        _S("reload_model", "&Reload", "F5"),
        _S("unload_model", "&Unload"),
        _SEPARATOR,
        _S("models_folder", "Open models &folder"),
    ),
    "&View": (
        _S("show_sidebar", "&Sidebar", "Ctrl+B", checkable=True),
        _S("show_samplers", "Sampler &chain", "Ctrl+J", checkable=True),
        _SEPARATOR,
        _S("text_larger", "&Larger text", "Ctrl++"),
        _S("text_smaller", "S&maller text", "Ctrl+-"),
        _S("text_normal", "&Normal text", "Ctrl+0"),
    ),
    "&Help": (
        _S("open_log", "Open &log"),
        _S("open_data_folder", "Open &data folder"),
        _SEPARATOR,
        _S("about", "&About Thinkpane", role=QAction.MenuRole.AboutRole),
    ),
}

_PRESET_ACTIONS = (
    _S("save_preset", "&Save preset", "Ctrl+S"),
    _S("save_preset_as", "Save preset &as...", "Ctrl+Shift+S"),
    _S("revert_preset", "&Revert to saved"),
    _S("reset_preset", "Reset to &llama.cpp's default"),
    _S("delete_preset", "&Delete preset"),
    _SEPARATOR,
    _S("system_prompt", "System &prompt..."),
    _SEPARATOR,
    _S("import_preset", "&Import a preset file..."),
    _S("export_preset", "&Export to a file..."),
)
_THEMES = {"system": "Follow the &system", "light": "&Light", "dark": "&Dark"}


class Actions(QObject):
    """The window's actions by key, and the menus that hold them.

    Signals:
        preset_chosen(str): The slug of a preset.
        theme_chosen(str): "system", "light" or "dark".
    """

    preset_chosen = Signal(str)
    theme_chosen = Signal(str)

    def __init__(self, window: QWidget, menu_bar: QMenuBar) -> None:
        super().__init__(window)
        self._window = window
        self._actions: dict[str, QAction] = {}
        self._preset_group = QActionGroup(self)
        self._preset_group.triggered.connect(self._on_preset_group_triggered)
        self.presets_menu = QMenu("&Presets", window)
        self._preset_end: QAction | None = None
        for title, specs in MENUS.items():
            menu = menu_bar.addMenu(title)
            self._fill(menu, specs)
            if title == "&Model":
                menu_bar.addMenu(self.presets_menu)
            if title == "&View":
                self._add_themes(menu)
        self._preset_end = self.presets_menu.addSeparator()
        self._fill(self.presets_menu, _PRESET_ACTIONS)
        # Standard keys beside ours: Ctrl+= is where most keyboards have the plus sign.
        self["text_larger"].setShortcuts([QKeySequence("Ctrl++"), QKeySequence("Ctrl+=")])

    def __getitem__(self, key: str) -> QAction:
        """The action of a key."""
        return self._actions[key]

    def set_presets(self, presets: Sequence[Preset], current_slug: str, *, modified: bool) -> None:
        """Rebuild the radio group; the preset in use is checked, and marked when it was changed."""
        for action in self._preset_group.actions():
            self._preset_group.removeAction(action)
            self.presets_menu.removeAction(action)
            action.deleteLater()
        for index, preset in enumerate(presets):
            is_current = preset.slug == current_slug
            text = preset.name.replace("&", "&&") + (" (modified)" if modified and is_current else "")
            action = QAction(text, self)
            action.setCheckable(True)
            action.setChecked(is_current)
            action.setData(preset.slug)
            action.setToolTip(preset.description)
            if index < _SHORTCUT_PRESETS:
                action.setShortcut(QKeySequence(f"Ctrl+{index + 1}"))
            self._preset_group.addAction(action)
            self.presets_menu.insertAction(self._preset_end, action)

    def set_theme(self, choice: str) -> None:
        """Check the theme in use."""
        self._actions[f"theme_{choice}"].setChecked(True)

    def _fill(self, menu: QMenu, specs: Sequence[ActionSpec]) -> None:
        menu.setToolTipsVisible(True)
        for spec in specs:
            if spec is _SEPARATOR:
                menu.addSeparator()
            else:
                menu.addAction(self._make(spec))

    def _make(self, spec: ActionSpec) -> QAction:
        action = QAction(spec.text, self)
        action.setCheckable(spec.checkable)
        action.setMenuRole(spec.role)
        if spec.shortcut:
            action.setShortcut(QKeySequence(spec.shortcut))
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        self._window.addAction(action)
        self._actions[spec.key] = action
        return action

    def _add_themes(self, menu: QMenu) -> None:
        menu.addSeparator()
        themes = menu.addMenu("&Theme")
        group = QActionGroup(self)
        for choice, text in _THEMES.items():
            action = themes.addAction(text)
            action.setCheckable(True)
            action.setData(choice)
            group.addAction(action)
            self._actions[f"theme_{choice}"] = action
        group.triggered.connect(self._on_theme_group_triggered)

    @Slot(QAction)
    def _on_preset_group_triggered(self, action: QAction) -> None:
        self.preset_chosen.emit(action.data())

    @Slot(QAction)
    def _on_theme_group_triggered(self, action: QAction) -> None:
        self.theme_chosen.emit(action.data())
