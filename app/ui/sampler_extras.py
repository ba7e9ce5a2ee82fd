"""What sits below the chain: the seed, Mirostat, and how many tokens each stage must keep."""

from __future__ import annotations

import secrets

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.core.sampling import MAX_SEED, OTHER_PARAMETERS, SamplingParameters
from app.ui.icons import IconSet
from app.ui.parameter_editor import ParameterRow
from app.ui.theme import ThemeManager
from app.ui.widgets.card import Card
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.number_box import NumberBox
from app.ui.widgets.painting import set_style_property

_RANDOM = -1
"""What the number box holds while the seed is random."""

_FRESH_SEED_RANGE = 100_000
"""A seed drawn here is short enough to be read out and typed again."""


class SeedCard(Card):
    """A fixed seed, or a new random one for each answer.

    Signals:
        edited: Another seed; carries an int, or None for random.
    """

    edited = Signal(object)

    def __init__(self, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._seed: int | None = None
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.random = QCheckBox("random")
        self.random.setToolTip("Draw a new seed for each answer; the answer's recipe records it")
        self.random.clicked.connect(self._on_random_clicked)
        self.box = NumberBox(theme, icons, self, minimum=_RANDOM, maximum=MAX_SEED, special="random")
        self.box.setAccessibleName("seed")
        self.box.setToolTip("The same seed, chain and prompt give the same answer on the same device")
        self.box.valueChanged.connect(self._on_box_value_changed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(11, 8, 11, 8)
        layout.setSpacing(12)
        layout.addWidget(ElidedLabel("seed", role="strong"))
        layout.addWidget(self.random)
        layout.addStretch(1)
        layout.addWidget(self.box)
        policy = self.box.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.box.setSizePolicy(policy)

    def show_seed(self, seed: int | None) -> None:
        """Show a seed without emitting."""
        self._seed = seed
        self.random.setChecked(seed is None)
        self.box.blockSignals(True)
        self.box.setValue(_RANDOM if seed is None else seed)
        self.box.blockSignals(False)
        self.box.updateGeometry()
        self.box.setVisible(seed is not None)

    def _on_random_clicked(self, checked: bool) -> None:
        self._take(None if checked else secrets.randbelow(_FRESH_SEED_RANGE))

    def _on_box_value_changed(self, value: float) -> None:
        self._take(None if value == _RANDOM else int(value))

    def _take(self, seed: int | None) -> None:
        if seed != self._seed:
            self.show_seed(seed)
            self.edited.emit(seed)


class MirostatCard(Card):
    """Mirostat off, 1 or 2, and its two numbers while it is on.

    Signals:
        edited: Another value; carries llama.cpp's name of the parameter and the value.
    """

    edited = Signal(str, float)

    def __init__(self, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setToolTip(f"mirostat: {OTHER_PARAMETERS['mirostat'].help}")
        self._name = ElidedLabel("mirostat", role="strong")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(11, 8, 11, 8)
        layout.setSpacing(8)
        layout.addLayout(self._build_head())
        self._rows = [
            ParameterRow(OTHER_PARAMETERS[name], theme, icons, self) for name in ("mirostat_tau", "mirostat_eta")
        ]
        for row in self._rows:
            row.editor.edited.connect(self.edited)
            layout.addWidget(row)

    def button(self, version: int) -> QPushButton:
        """The button for off (0), 1 or 2."""
        button = self._versions.button(version)
        assert isinstance(button, QPushButton)
        return button

    def show_values(self, values: SamplingParameters, preset: SamplingParameters) -> None:
        """Show the values without emitting; `preset` is what reset goes back to."""
        self.button(values.mirostat).setChecked(True)
        for row in self._rows:
            name = row.editor.parameter.name
            row.editor.show_value(getattr(values, name), getattr(preset, name))
            row.setVisible(values.mirostat != 0)
        self.set_dimmed(values.mirostat == 0)
        set_style_property(self._name, "dimmed", values.mirostat == 0)

    def _build_head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self._name, 1)
        self._versions = QButtonGroup(self)
        for version, label in enumerate(("off", "1", "2")):
            button = QPushButton(label, self)
            button.setCheckable(True)
            button.setProperty("kind", "segment")
            button.setAccessibleName(f"mirostat {label}")
            self._versions.addButton(button, version)
            row.addWidget(button)
        self._versions.idClicked.connect(self._on_versions_id_clicked)
        return row

    def _on_versions_id_clicked(self, version: int) -> None:
        self.edited.emit("mirostat", version)


class MinKeepCard(Card):
    """How many tokens survive each stage at least.

    Signals:
        edited: Another value; carries `min_keep` and the value.
    """

    edited = Signal(str, float)

    def __init__(self, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        parameter = OTHER_PARAMETERS["min_keep"]
        self.setToolTip(f"min_keep: {parameter.help}")
        self._name = ElidedLabel("min_keep", role="strong")
        self.box = NumberBox(theme, icons, self, minimum=0, maximum=parameter.maximum)
        self.box.setAccessibleName("min_keep")
        self.box.valueChanged.connect(self._on_box_value_changed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(11, 8, 11, 8)
        layout.addWidget(self._name, 1)
        layout.addWidget(self.box)

    def show_value(self, value: int) -> None:
        """Show a value without emitting."""
        self.box.blockSignals(True)
        self.box.setValue(value)
        self.box.blockSignals(False)
        self.set_dimmed(value == 0)
        self.box.set_dimmed(value == 0)
        set_style_property(self._name, "dimmed", value == 0)

    def _on_box_value_changed(self, value: float) -> None:
        self.edited.emit("min_keep", value)
