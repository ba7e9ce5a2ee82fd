"""The controls of one sampler parameter: slider, number box, and the way back to the preset's value."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.core.sampling import WHOLE_CONTEXT, Parameter, SamplingParameters
from app.ui.icons import IconSet
from app.ui.parameter_scale import ParameterScale
from app.ui.theme import ThemeManager
from app.ui.widgets.buttons import IconButton
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.number_box import NumberBox
from app.ui.widgets.slider import Slider

_UNBOUNDED = 1e6
"""Where llama.cpp sets no bound, the field needs one all the same."""

WHOLE_CONTEXT_WORDS = "whole context"


class ParameterEditor(QObject):
    """Owns the controls and keeps them in step; whoever makes it lays them out.

    Signals:
        edited: The reader set another value; carries the parameter's name and the value.

    Attributes:
        slider: From the parameter's minimum to its maximum.
        box: Takes every valid value, also those beyond the slider.
        reset: Shown only while the value is not the preset's.
    """

    edited = Signal(str, float)

    def __init__(self, parameter: Parameter, theme: ThemeManager, icons: IconSet, parent: QWidget) -> None:
        super().__init__(parent)
        self.parameter = parameter
        self._scale = ParameterScale(parameter)
        self._value = float(parameter.default)
        self._preset_value = self._value
        self.slider = self._make_slider(theme, parent)
        self.box = self._make_box(theme, icons, parent)
        self.reset = IconButton("reset", "Reset", theme, icons, parent, size=20)
        self.reset.clicked.connect(self._on_reset_requested)
        self._make_actions()
        self._refresh()

    def show_value(self, value: float, preset_value: float) -> None:
        """Show a value and what `reset` goes back to, without emitting."""
        if (value, preset_value) != (self._value, self._preset_value):
            self._value, self._preset_value = value, preset_value
            self._refresh()

    def set_dimmed(self, dimmed: bool) -> None:
        """Step back, because the parameter does nothing."""
        self.slider.set_dimmed(dimmed)
        self.box.set_dimmed(dimmed)

    def set_value(self, value: float) -> None:
        """As the reader would; a value that is not valid changes nothing."""
        if value == self._value or self.parameter.fault(value):
            self._refresh()
            return
        self._value = value
        self._refresh()
        self.edited.emit(self.parameter.name, value)

    def tab_stops(self) -> list[QWidget]:
        """The controls in the order of reading."""
        return [self.reset, self.box, self.slider]

    def _make_slider(self, theme: ThemeManager, parent: QWidget) -> Slider:
        slider = Slider(theme, parent)
        slider.setRange(0, self._scale.last)
        slider.setPageStep(max(1, self._scale.last // 10))
        if self.parameter.minimum < 0 and self._neutral_value() == 0:
            slider.set_origin(self._scale.position(0))
        slider.setAccessibleName(self.parameter.name)
        slider.setToolTip(self._tooltip())
        slider.valueChanged.connect(self._on_slider_value_changed)
        slider.reset_requested.connect(self._on_reset_requested)
        return slider

    def _make_box(self, theme: ThemeManager, icons: IconSet, parent: QWidget) -> NumberBox:
        parameter = self.parameter
        box = NumberBox(
            theme,
            icons,
            parent,
            minimum=WHOLE_CONTEXT if parameter.whole_context else max(parameter.hard_minimum, -_UNBOUNDED),
            maximum=min(parameter.hard_maximum, _UNBOUNDED),
            step=parameter.step,
            decimals=self._scale.decimals,
            special=WHOLE_CONTEXT_WORDS if parameter.whole_context else "",
        )
        box.setAccessibleName(parameter.name)
        box.setToolTip(self._tooltip())
        box.valueChanged.connect(self._on_box_value_changed)
        return box

    def _tooltip(self) -> str:
        return f"{self.parameter.name}: {self.parameter.help}"

    def _make_actions(self) -> None:
        self._reset_action = QAction(self)
        self._reset_action.triggered.connect(self._on_reset_requested)
        self._default_action = QAction(self)
        self._default_action.triggered.connect(self._on_default_action_triggered)
        self._neutral_action = QAction(self)
        self._neutral_action.triggered.connect(self._on_neutral_action_triggered)
        actions = [self._reset_action, self._default_action, self._neutral_action]
        if self.parameter.whole_context:
            whole = QAction("Use the whole context", self)
            whole.triggered.connect(self._on_whole_action_triggered)
            actions.append(whole)
        self.actions = actions
        self._default_action.setText(f"llama.cpp's default, {self._words(self.parameter.default)}")
        self._neutral_action.setText(f"Neutral, {self._words(self._neutral_value())}")
        self.slider.addActions(actions)
        self.slider.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.box.addActions(actions)

    def _neutral_value(self) -> float:
        return float(getattr(SamplingParameters(), self.parameter.name))

    def _words(self, value: float) -> str:
        whole = self.parameter.whole_context and value == WHOLE_CONTEXT
        return WHOLE_CONTEXT_WORDS if whole else self.box.textFromValue(value)

    def _refresh(self) -> None:
        """Bring every control in step with the value, silently."""
        for control in (self.slider, self.box):
            control.blockSignals(True)
        self.slider.setValue(self._scale.position(self._value))
        self.box.setValue(self._value)
        for control in (self.slider, self.box):
            control.blockSignals(False)
        self.box.updateGeometry()
        self._refresh_reset()

    def _refresh_reset(self) -> None:
        words = f"Reset to {self._words(self._preset_value)}"
        self.reset.setVisible(self._value != self._preset_value)
        self.reset.set_meaning("reset", f"{words}, the preset's {self.parameter.name}")
        self._reset_action.setText(words)
        self._reset_action.setEnabled(self._value != self._preset_value)
        self._default_action.setEnabled(self._value != self.parameter.default)
        self._neutral_action.setEnabled(self._value != self._neutral_value())

    def _on_slider_value_changed(self, position: int) -> None:
        self.set_value(self._scale.value(position))

    def _on_box_value_changed(self, value: float) -> None:
        self.set_value(value)

    def _on_reset_requested(self) -> None:
        self.set_value(self._preset_value)

    def _on_default_action_triggered(self) -> None:
        self.set_value(self.parameter.default)

    def _on_neutral_action_triggered(self) -> None:
        self.set_value(self._neutral_value())

    def _on_whole_action_triggered(self) -> None:
        self.set_value(WHOLE_CONTEXT)


class ParameterRow(QWidget):
    """An editor laid out on two lines: name, reset and number box above the slider."""

    def __init__(self, parameter: Parameter, theme: ThemeManager, icons: IconSet, parent: QWidget) -> None:
        super().__init__(parent)
        self.editor = ParameterEditor(parameter, theme, icons, self)
        self._name = ElidedLabel(parameter.name, role="secondary")
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self._name, 1)
        head.addWidget(self.editor.reset)
        head.addWidget(self.editor.box)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(head)
        layout.addWidget(self.editor.slider)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setToolTip(f"{parameter.name}: {parameter.help}")
        self.addActions(self.editor.actions)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
