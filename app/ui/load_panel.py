"""The load settings: what is asked for, what llama.cpp made of it, and the devices it has."""

from __future__ import annotations

import os
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QLayout, QProgressBar, QVBoxLayout, QWidget

from app.core.generation import LoadedModel
from app.core.model_spec import Device, ModelSpec
from app.services.model_session import ModelState
from app.ui.icons import IconSet
from app.ui.load_form import LoadForm
from app.ui.model_words import device_memory, model_name, quantisation, requested_rows
from app.ui.quantities import file_size_text, memory_text, parameters_text
from app.ui.theme import ThemeManager
from app.ui.widgets.buttons import ActionButton, IconButton
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.note import Note
from app.ui.widgets.painting import set_style_property
from app.ui.widgets.popover import Popover

_WIDTH = 440
_MARGIN = 16
_PROGRESS_STEPS = 1000


class LoadPanel(Popover):
    """A popover below the model's name. What the user changes is kept until the model is another one.

    Signals:
        load_requested(ModelSpec)
        unload_requested(): Also gives up a load that is under way.
    """

    load_requested = Signal(object)
    unload_requested = Signal()

    def __init__(self, theme: ThemeManager, icons: IconSet, parent: QWidget) -> None:
        self._head = _Head(theme, icons)
        self._form = LoadForm(theme, icons, os.cpu_count() or 1)
        self._devices = _DeviceList()
        self._comparison = _Comparison(theme, icons)
        self._foot = _Foot(theme, icons)
        middle = QWidget()
        rows = QVBoxLayout(middle)
        rows.setContentsMargins(_MARGIN, 4, _MARGIN, 8)
        rows.setSpacing(14)
        for part in (self._form, self._devices, self._comparison):
            rows.addWidget(part)
        rows.addStretch(1)
        super().__init__(theme, parent, width=_WIDTH, head=self._head, middle=middle, foot=self._foot)
        self._state = ModelState()
        self._head.close_button.clicked.connect(self._on_close_clicked)
        self._form.edited.connect(self._on_form_edited)
        self._foot.load_button.clicked.connect(self._on_load_clicked)
        self._foot.unload_button.clicked.connect(self._on_unload_clicked)
        self._show(self._state)

    def set_state(self, state: ModelState) -> None:
        """Show the model as it is; fields that the user has changed stay so while the same is asked for."""
        before, self._state = self._state, state
        path = state.requested.path if state.requested else None
        if before.requested is None or before.requested.path != path:
            self._form.set_model(None)
        if state.requested is not None and state.requested != before.requested:
            self._form.set_spec(state.requested)
        if state.loaded is not None and state.loaded is not before.loaded:
            self._form.set_model(state.loaded.applied, state.loaded.info.trained_context)
        if state.loaded is not before.loaded:
            self._comparison.set_loaded(state.loaded)
        if state.devices != before.devices:
            self._devices.set_devices(state.devices)
            self._form.set_gpu_usable(any(device.kind in ("gpu", "igpu") for device in state.devices))
        self._show(state)

    def set_spec(self, spec: ModelSpec) -> None:
        """Propose other settings, such as a preset's; they apply when the user loads."""
        self._form.set_spec(spec)
        self._show(self._state)

    def _show(self, state: ModelState) -> None:
        self._head.set_state(state)
        self._form.setEnabled(state.requested is not None)
        self._comparison.setVisible(state.loaded is not None)
        self._foot.set_state(state, is_changed=self._form.spec() != state.requested)

    def _on_close_clicked(self) -> None:
        self.dismiss()

    def _on_form_edited(self) -> None:
        self._show(self._state)

    def _on_load_clicked(self) -> None:
        spec = self._form.spec()
        assert spec is not None
        self.load_requested.emit(spec)

    def _on_unload_clicked(self) -> None:
        self.unload_requested.emit()


class _Head(QWidget):
    """Which model it is about."""

    def __init__(self, theme: ThemeManager, icons: IconSet) -> None:
        super().__init__()
        self._name = ElidedLabel(role="title")
        self._detail = ElidedLabel(role="secondary")
        self.close_button = IconButton("close", "Close", theme, icons, self, size=24)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(self._name)
        words.addWidget(self._detail)
        row = QHBoxLayout(self)
        row.setContentsMargins(_MARGIN, 12, 10, 8)
        row.addLayout(words, 1)
        row.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)

    def set_state(self, state: ModelState) -> None:
        if state.requested is None:
            self._name.setText("No model")
            self._detail.setText("Choose one first.")
            return
        path = state.requested.path
        self._name.setText(model_name(path))
        details = [quantisation(path)]
        if state.loaded is not None:
            info = state.loaded.info
            details += [file_size_text(info.file_bytes), parameters_text(info.parameters)]
        self._detail.setText(" · ".join(detail for detail in details if detail) or path.name)


class _DeviceList(QWidget):
    """Each device with its free memory at the right."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = _grid(self)
        self._grid.setColumnStretch(1, 1)
        self.hide()

    def set_devices(self, devices: Sequence[Device]) -> None:
        _clear(self._grid)
        self._grid.addWidget(_label("Devices", "group"), 0, 0, 1, 3)
        for row, device in enumerate(devices, start=1):
            self._grid.addWidget(_label(device.name), row, 0)
            self._grid.addWidget(ElidedLabel(device.description, role="secondary"), row, 1)
            self._grid.addWidget(_right(_label(device_memory(device), "secondary")), row, 2)
        self.setVisible(bool(devices))


class _Comparison(QWidget):
    """Requested and applied side by side; what differs is marked, and said in words below."""

    def __init__(self, theme: ThemeManager, icons: IconSet) -> None:
        super().__init__()
        self._table = QWidget()
        self._grid = _grid(self._table)
        for column in (1, 2):
            self._grid.setColumnStretch(column, 1)
        self._note = Note(theme, icons)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(10)
        rows.addWidget(self._table)
        rows.addWidget(self._note)

    def set_loaded(self, loaded: LoadedModel | None) -> None:
        _clear(self._grid)
        if loaded is None:
            return
        for column, head in enumerate(("As it is loaded", "Requested", "Applied")):
            label = _label(head, "group")
            self._grid.addWidget(_right(label) if column else label, 0, column)
        rows = [*requested_rows(loaded.requested, loaded.applied)]
        rows.append(("KV cache", "", memory_text(loaded.applied.kv_bytes), False))
        for number, (name, requested, applied, differs) in enumerate(rows, start=1):
            self._grid.addWidget(_label(name, "secondary"), number, 0)
            self._grid.addWidget(_right(_label(requested)), number, 1)
            label = _right(_label(f"≠ {applied}" if differs else applied, "note" if differs else ""))
            label.setToolTip("Not what was requested" if differs else "")
            self._grid.addWidget(label, number, 2)
        self._note.set_content("", " ".join(loaded.applied.notes))
        self._note.setVisible(bool(loaded.applied.notes))


class _Foot(QWidget):
    """What went wrong, how far the load is, and what to do."""

    def __init__(self, theme: ThemeManager, icons: IconSet) -> None:
        super().__init__()
        self._message = QLabel()
        self._message.setTextFormat(Qt.TextFormat.PlainText)
        self._message.setWordWrap(True)
        self._progress = QProgressBar()
        self._progress.setRange(0, _PROGRESS_STEPS)
        self._progress.setAccessibleName("Loading")
        self.load_button = ActionButton("Load", theme, icons, kind="primary")
        self.unload_button = ActionButton("Unload", theme, icons)
        buttons = QHBoxLayout()
        buttons.addWidget(self.unload_button)
        buttons.addStretch(1)
        buttons.addWidget(self.load_button)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(_MARGIN, 10, _MARGIN, 14)
        rows.setSpacing(10)
        rows.addWidget(self._message)
        rows.addWidget(self._progress)
        rows.addLayout(buttons)

    def set_state(self, state: ModelState, *, is_changed: bool) -> None:
        is_loading = state.phase == "loading"
        self._progress.setVisible(is_loading)
        self._progress.setValue(round(state.progress * _PROGRESS_STEPS))
        self._say(str(state.error) if state.error else "")
        self.load_button.setText(_load_words(state))
        self.load_button.setEnabled(state.requested is not None and (is_changed or state.phase in ("none", "failed")))
        self.unload_button.setText("Cancel" if is_loading else "Unload")
        self.unload_button.setVisible(state.phase in ("loading", "ready"))

    def _say(self, text: str) -> None:
        self._message.setText(text)
        self._message.setVisible(bool(text))
        set_style_property(self._message, "role", "bad")


def _load_words(state: ModelState) -> str:
    if state.phase == "ready":
        return "Reload to apply"
    return {"loading": "Load with these", "failed": "Try again"}.get(state.phase, "Load")


def _label(text: str, role: str = "") -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("role", role)
    return label


def _right(label: QLabel) -> QLabel:
    label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return label


def _grid(parent: QWidget) -> QGridLayout:
    grid = QGridLayout(parent)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(5)
    return grid


def _clear(layout: QLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
