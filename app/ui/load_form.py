"""The fields of the load settings: a `ModelSpec` in, a `ModelSpec` out."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QHBoxLayout, QLabel, QLayout, QWidget

from app.core.model_spec import ALL_LAYERS, AUTO, KV_TYPES, AppliedSpec, FlashAttention, ModelSpec
from app.ui.icons import IconSet
from app.ui.quantities import memory_text
from app.ui.theme import ThemeManager
from app.ui.widgets.buttons import ActionButton
from app.ui.widgets.number_box import NumberBox
from app.ui.widgets.painting import set_style_property
from app.ui.widgets.slider import Slider

CONTEXT_CHOICES = (4096, 8192, 16384, 32768)
_MAX_CONTEXT = 1 << 24
"""Far above what any model is trained with; only a guard against a slip of the finger."""
_UNKNOWN_LAYERS = 128
"""The slider's end before a model has told how many layers it has; the end means all of them."""
_DEFAULT_TYPE = "f16"
_ALL = "all"
_ROW_HEIGHT = 34
_UNMAPPED = ("none", "mlock", "direct_io")

_KV_BITS = {
    "f32": 32, "f16": 16, "bf16": 16, "q8_0": 8.5, "q5_1": 6, "q5_0": 5.5, "q4_1": 5, "q4_0": 4.5, "iq4_nl": 4.5,
}  # fmt: skip
"""Bits a value takes in each cache type: ggml's block layouts, scales included."""


class LoadForm(QWidget):
    """Shows a spec and what the user makes of it.

    Signals:
        edited(): A field was changed by the user.
    """

    edited = Signal()

    def __init__(self, theme: ThemeManager, icons: IconSet, cores: int, parent: QWidget | None = None) -> None:
        """`cores` is the largest number of threads that is offered."""
        super().__init__(parent)
        self._spec: ModelSpec | None = None
        self._applied: AppliedSpec | None = None
        self._trained_context = 0
        self._layers = _UNKNOWN_LAYERS
        self._filling = False
        self._gpu = Slider(theme)
        self._gpu_box = _LayersBox(theme, icons, minimum=0, maximum=_UNKNOWN_LAYERS)
        self._gpu_auto = QCheckBox("Auto")
        self._gpu_hint = _hint()
        self._gpu_hint.hide()
        self._context = NumberBox(theme, icons, minimum=0, maximum=_MAX_CONTEXT, step=1024, special=_ALL)
        self._context_buttons = [_ContextButton(size, theme, icons) for size in CONTEXT_CHOICES]
        self._context_hint = _hint()
        self._threads = NumberBox(theme, icons, minimum=1, maximum=max(cores, 1))
        self._threads_auto = QCheckBox("Auto")
        self._threads_hint = _hint(f"of {cores} cores", bottom=0)
        self._type_k, self._type_v = _combo(KV_TYPES, _DEFAULT_TYPE), _combo(KV_TYPES, _DEFAULT_TYPE)
        self._cache_hint = _hint()
        self._flash = _combo(get_args(FlashAttention), "auto")
        self._mmap = QCheckBox("Map the file into memory")
        self._name_fields()
        self._lay_out()
        self._connect()
        self._refresh()

    def set_spec(self, spec: ModelSpec) -> None:
        """Show a spec; what the fields do not show of it is kept."""
        self._spec = spec
        self._filling = True
        self._gpu_auto.setChecked(spec.gpu_layers == AUTO)
        if spec.gpu_layers != AUTO:
            self._show_layers(self._layers if spec.gpu_layers == ALL_LAYERS else spec.gpu_layers)
        self._context.setValue(spec.context)
        self._threads_auto.setChecked(spec.threads <= 0)
        if spec.threads > 0:
            self._threads.setMaximum(max(self._threads.maximum(), spec.threads))
            self._threads.setValue(spec.threads)
        self._type_k.setCurrentText(spec.cache_type_k)
        self._type_v.setCurrentText(spec.cache_type_v)
        self._flash.setCurrentText(spec.flash_attention)
        self._mmap.setChecked(spec.load_mode not in _UNMAPPED)
        self._filling = False
        self._refresh()

    def set_model(self, applied: AppliedSpec | None, trained_context: int = 0) -> None:
        """What a loaded model has told: how many layers, which context; None while it is not known."""
        self._applied = applied
        self._trained_context = trained_context
        spec, layers = self.spec(), applied.layers if applied is not None else _UNKNOWN_LAYERS
        self._filling = True
        self._layers = layers
        self._gpu.setRange(0, layers)
        self._gpu_box.setMaximum(layers)
        if applied is not None:
            # Where "auto" is let go of, the sliders begin at what it had chosen.
            self._show_layers(applied.gpu_layers)
            self._threads.setMaximum(max(self._threads.maximum(), applied.threads))
            self._threads.setValue(applied.threads)
        self._filling = False
        if spec is not None:
            self.set_spec(spec)

    def set_gpu_usable(self, usable: bool) -> None:
        """Whether there is a GPU that layers could go to."""
        _say(self._gpu_hint, "" if usable else "No GPU is available: everything runs on the CPU.")

    def spec(self) -> ModelSpec | None:
        """The spec as the fields have it; None before there is one."""
        if self._spec is None:
            return None
        return replace(
            self._spec,
            gpu_layers=self._gpu_layers(self._spec),
            context=int(self._context.value()),
            threads=0 if self._threads_auto.isChecked() else int(self._threads.value()),
            cache_type_k=self._type_k.currentText(),
            cache_type_v=self._type_v.currentText(),
            flash_attention=self._flash.currentText(),
            load_mode=self._load_mode(self._spec),
        )

    def _gpu_layers(self, spec: ModelSpec) -> int:
        if self._gpu_auto.isChecked():
            return AUTO
        number = self._gpu.value()
        if number < self._layers:
            return number
        # More layers than there are mean all of them too, and are left as they were written.
        return spec.gpu_layers if spec.gpu_layers >= self._layers else ALL_LAYERS

    def _load_mode(self, spec: ModelSpec) -> str:
        if self._mmap.isChecked() == (spec.load_mode not in _UNMAPPED):
            return spec.load_mode
        return "auto" if self._mmap.isChecked() else "none"

    def _name_fields(self) -> None:
        for widget, name in (
            (self._gpu, "GPU layers"),
            (self._gpu_box, "GPU layers"),
            (self._gpu_auto, "GPU layers: as many as fit"),
            (self._context, "Context in tokens"),
            (self._threads, "Threads"),
            (self._threads_auto, "Threads: as many as there are physical cores"),
            (self._type_k, "Type of the K cache"),
            (self._type_v, "Type of the V cache"),
            (self._flash, "Flash attention"),
        ):
            widget.setAccessibleName(name)
        self._gpu_auto.setToolTip("As many layers as fit into the GPU's memory")
        self._threads_auto.setToolTip("As many threads as there are physical cores")
        self._context.setToolTip('Tokens; "all" takes what the model was trained with')
        self._mmap.setToolTip("Loads faster, and the system may drop what is not in use (mmap)")

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(1, 1)
        rows: tuple[tuple[str, QLayout, QLabel | None], ...] = (
            ("GPU layers", _row(self._gpu, self._gpu_box, self._gpu_auto), self._gpu_hint),
            ("Context", _row(self._context, *self._context_buttons, None), self._context_hint),
            ("Threads", _row(self._threads, self._threads_auto, self._threads_hint, None), None),
            ("KV cache", _row(QLabel("K"), self._type_k, QLabel("V"), self._type_v, None), self._cache_hint),
            ("Flash attention", _row(self._flash, None), None),
            ("File", _row(self._mmap, None), None),
        )
        for number, (name, fields, hint) in enumerate(rows):
            label = QLabel(name)
            label.setMinimumHeight(_ROW_HEIGHT)
            grid.addWidget(label, 2 * number, 0)
            grid.addLayout(fields, 2 * number, 1)
            if hint is not None:
                grid.addWidget(hint, 2 * number + 1, 1)

    def _connect(self) -> None:
        self._gpu.valueChanged.connect(self._on_gpu_value_changed)
        self._gpu_box.valueChanged.connect(self._on_gpu_box_value_changed)
        for button in self._context_buttons:
            button.chosen.connect(self._context.setValue)
        for changed in (
            self._gpu_auto.toggled,
            self._context.valueChanged,
            self._threads.valueChanged,
            self._threads_auto.toggled,
            self._type_k.currentTextChanged,
            self._type_v.currentTextChanged,
            self._flash.currentTextChanged,
            self._mmap.toggled,
        ):
            changed.connect(self._on_field_changed)

    def _show_layers(self, number: int) -> None:
        self._gpu.setValue(number)
        self._gpu_box.setValue(number)

    def _refresh(self) -> None:
        """Bring what depends on the fields into line with them."""
        by_hand = not self._gpu_auto.isChecked()
        self._gpu.setEnabled(by_hand)
        self._gpu_box.setEnabled(by_hand)
        self._threads.setEnabled(not self._threads_auto.isChecked())
        self._refresh_context_hint()
        self._refresh_cache_hint()

    def _refresh_context_hint(self) -> None:
        trained, size = self._trained_context, int(self._context.value())
        is_beyond = 0 < trained < size
        words = f"more than the {trained:,} it was trained with" if is_beyond else f"trained with {trained:,} tokens"
        _say(self._context_hint, words if trained else "", is_warning=is_beyond)

    def _refresh_cache_hint(self) -> None:
        is_quantised = self._type_v.currentText() not in ("f32", "f16", "bf16")
        if is_quantised and self._flash.currentText() == "off":
            _say(self._cache_hint, "A quantised V cache needs flash attention.", is_warning=True)
        else:
            size = self._cache_bytes()
            _say(self._cache_hint, f"about {memory_text(size)}" if size else "")

    def _cache_bytes(self) -> int:
        """How large the cache would become, by how large it is now; 0 while that is not known."""
        applied = self._applied
        if applied is None or not applied.kv_bytes:
            return 0
        bits_now = _KV_BITS[applied.cache_type_k] + _KV_BITS[applied.cache_type_v]
        bits = _KV_BITS[self._type_k.currentText()] + _KV_BITS[self._type_v.currentText()]
        context = int(self._context.value()) or self._trained_context or applied.context
        return round(applied.kv_bytes * bits / bits_now * context / applied.context)

    def _on_gpu_value_changed(self, number: int) -> None:
        self._gpu_box.setValue(number)
        self._on_field_changed()

    def _on_gpu_box_value_changed(self, number: float) -> None:
        self._gpu.setValue(int(number))

    def _on_field_changed(self, _value: object = None) -> None:
        if not self._filling:
            self._refresh()
            self.edited.emit()


class _ContextButton(ActionButton):
    """A context of one press.

    Signals:
        chosen(int): Its size in tokens.
    """

    chosen = Signal(int)

    def __init__(self, tokens: int, theme: ThemeManager, icons: IconSet) -> None:
        super().__init__(f"{tokens // 1024}k", theme, icons, kind="compact")
        self._tokens = tokens
        self.setAccessibleName(f"Context of {tokens:,} tokens")
        self.clicked.connect(self._on_clicked)

    def _on_clicked(self) -> None:
        self.chosen.emit(self._tokens)


class _LayersBox(NumberBox):
    """Its highest number stands for all layers, and can be typed as that word."""

    def textFromValue(self, value: float) -> str:
        return _ALL if value >= self.maximum() else super().textFromValue(value)

    def valueFromText(self, text: str) -> float:
        return self.maximum() if _is_all(text) else super().valueFromText(text)

    def validate(self, text: str, position: int) -> object:
        if _is_all(text):
            return QValidator.State.Acceptable, text, position
        return super().validate(text, position)


def _is_all(text: str) -> bool:
    return bool(text.strip()) and _ALL.startswith(text.strip().lower())


def _hint(text: str = "", bottom: int = 6) -> QLabel:
    """Quiet words below a field, with `bottom` pixels to the next one."""
    label = QLabel(text)
    label.setProperty("role", "secondary")
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setContentsMargins(0, 0, 0, bottom)
    return label


def _say(label: QLabel, text: str, *, is_warning: bool = False) -> None:
    label.setText(text)
    label.setVisible(bool(text))
    set_style_property(label, "role", "note" if is_warning else "secondary")


def _combo(choices: tuple[str, ...], chosen: str) -> QComboBox:
    combo = QComboBox()
    combo.addItems(choices)
    combo.setCurrentText(chosen)
    return combo


def _row(*parts: QWidget | None) -> QHBoxLayout:
    """Parts side by side; None takes up what room is left."""
    row = QHBoxLayout()
    row.setSpacing(8)
    for part in parts:
        if part is None:
            row.addStretch(1)
        else:
            row.addWidget(part)
    return row
