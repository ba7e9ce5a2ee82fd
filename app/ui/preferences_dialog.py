"""What a person sets once: appearance, keys, notifications, folders."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QListWidget,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.core.settings import Settings

_THEMES = {"system": "Follow the system", "light": "Light", "dark": "Dark"}


class PreferencesDialog(QDialog):
    """Edits a copy of the settings; `settings()` is the result when it was accepted."""

    def __init__(self, settings: Settings, models_folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Preferences")
        self.resize(520, 430)
        self._settings = settings
        self._theme = QComboBox()
        for choice, text in _THEMES.items():
            self._theme.addItem(text, choice)
        self._theme.setCurrentIndex(list(_THEMES).index(settings.theme))
        self._scale = QSpinBox()
        self._scale.setRange(70, 250)
        self._scale.setSingleStep(10)
        self._scale.setSuffix(" %")
        self._scale.setValue(round(settings.text_scale * 100))
        self._enter = QCheckBox("Enter sends, Shift+Enter starts a new line")
        self._enter.setChecked(settings.send_on_enter)
        self._notify = QCheckBox("Tell me when an answer ends while the window is away")
        self._notify.setChecked(settings.notify_when_done)
        self._folders = QListWidget()
        self._folders.setAccessibleName("Model folders")
        self._folders.addItems([str(folder) for folder in settings.model_folders])
        self._folders.setToolTip(f"Searched for models, besides {models_folder}")
        self._lay_out()

    def settings(self) -> Settings:
        """The settings as edited."""
        folders = [Path(self._folders.item(row).text()) for row in range(self._folders.count())]
        return self._settings.changed(
            theme=self._theme.currentData(),
            text_scale=self._scale.value() / 100,
            send_on_enter=self._enter.isChecked(),
            notify_when_done=self._notify.isChecked(),
            model_folders=tuple(folders),
        )

    def _lay_out(self) -> None:
        add, remove = QPushButton("Add a folder..."), QPushButton("Remove")
        add.clicked.connect(self._on_add_clicked)
        remove.clicked.connect(self._on_remove_clicked)
        row = QHBoxLayout()
        row.addWidget(add)
        row.addWidget(remove)
        row.addStretch(1)
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(12)
        form.addRow("Theme", self._theme)
        form.addRow("Text size", self._scale)
        form.addRow("Keyboard", self._enter)
        form.addRow("Notification", self._notify)
        form.addRow("Model folders", self._folders)
        form.addRow("", row)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(buttons)

    def _on_add_clicked(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Add a folder with models")
        if folder:
            self._folders.addItem(folder)

    def _on_remove_clicked(self) -> None:
        for item in self._folders.selectedItems():
            self._folders.takeItem(self._folders.row(item))
