"""A small dialog for the two things of a preset that are no samplers: system prompt and answer limit."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QPlainTextEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.core.presets import Preset

_MAX_TOKENS = 1_000_000


class SystemPromptDialog(QDialog):
    """Edits the system prompt and the token limit of a preset."""

    def __init__(self, preset: Preset, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("System prompt")
        self.resize(520, 360)
        hint = QLabel("Said to the model before every conversation. Leave it empty for none.")
        hint.setProperty("role", "secondary")
        hint.setWordWrap(True)
        self._prompt = QPlainTextEdit(preset.system_prompt)
        self._prompt.setPlaceholderText("You are a careful mathematician.")
        self._prompt.setAccessibleName("System prompt")
        self._limit = QSpinBox()
        self._limit.setRange(-1, _MAX_TOKENS)
        self._limit.setSpecialValueText("no limit")
        self._limit.setGroupSeparatorShown(True)
        self._limit.setValue(preset.max_tokens)
        form = QFormLayout()
        form.addRow("Longest answer, in tokens", self._limit)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(hint)
        layout.addWidget(self._prompt, 1)
        layout.addLayout(form)
        layout.addWidget(buttons)

    def prompt(self) -> str:
        """The text as edited."""
        return self._prompt.toPlainText().strip()

    def max_tokens(self) -> int:
        """The limit; -1 is none."""
        return self._limit.value()
