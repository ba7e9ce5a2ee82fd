"""A field for one number, set in fixed width at the right, with arrows only while it is looked at."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QLocale, QSize, Qt
from PySide6.QtGui import (
    QContextMenuEvent,
    QEnterEvent,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QPaintEvent,
    QValidator,
    QWheelEvent,
)
from PySide6.QtWidgets import QDoubleSpinBox, QWidget

from app.ui.icons import IconSet
from app.ui.theme import ThemeManager
from app.ui.widgets.painting import set_style_property, smooth_painter

_ARROW = 10
_ARROW_MARGIN = 2
_FRAME_WIDTH = 24
_FRAME_HEIGHT = 6
"""Border, padding and room for the arrows: what the style sheet puts around the digits."""

_MIN_WIDTH = 48
_MAX_DECIMALS = 6


class NumberBox(QDoubleSpinBox):
    """Whole numbers or fractions, always with a decimal point as llama.cpp writes them (a comma is understood).

    A value is taken when Return is pressed, an arrow is used or the focus leaves, not at each key.
    With `special` the lowest value stands for something else and is shown as that word, which can
    also be typed; stepping neither leaves nor reaches it. The wheel acts only with the focus.
    """

    def __init__(
        self,
        theme: ThemeManager,
        icons: IconSet,
        parent: QWidget | None = None,
        *,
        minimum: float,
        maximum: float,
        step: float = 1,
        decimals: int = 0,
        special: str = "",
    ) -> None:
        """`decimals` are shown at least; 0 makes it a box for whole numbers."""
        super().__init__(parent)
        self._theme = theme
        self._icons = icons
        self._shown_decimals = decimals
        self._hovered = False
        self.setLocale(QLocale.c())
        self.setDecimals(_MAX_DECIMALS if decimals else 0)
        self.setRange(minimum, maximum)
        self.setSingleStep(step)
        self.setSpecialValueText(special)
        self.setKeyboardTracking(False)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.valueChanged.connect(self._on_value_changed)
        theme.changed.connect(self._on_look_changed)
        theme.fonts_changed.connect(self._on_look_changed)
        self._on_look_changed()

    def is_special(self) -> bool:
        """True when the value is the one that `special` stands for."""
        return bool(self.specialValueText()) and self.value() == self.minimum()

    def set_dimmed(self, dimmed: bool) -> None:
        """Step back, because what it sets does nothing."""
        set_style_property(self, "dimmed", dimmed)

    def sizeHint(self) -> QSize:
        width = QFontMetrics(self.font()).horizontalAdvance(self.text()) + _FRAME_WIDTH
        return QSize(max(_MIN_WIDTH, width), self.height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def textFromValue(self, value: float) -> str:
        text = f"{value:.{_MAX_DECIMALS}f}" if self._shown_decimals else f"{value:.0f}"
        while "." in text and text.endswith("0") and len(text) - text.index(".") - 1 > self._shown_decimals:
            text = text[:-1]
        return text

    def valueFromText(self, text: str) -> float:
        if self._means_special(text):
            return self.minimum()
        return super().valueFromText(text)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        if self._means_special(text):
            return QValidator.State.Acceptable, text, position
        # The text that is handed back replaces what was typed.
        return super().validate(text.replace(",", "."), position)

    def stepBy(self, steps: int) -> None:
        if not self.specialValueText():
            super().stepBy(steps)
        elif not self.is_special():
            self.setValue(max(self.value() + steps * self.singleStep(), self.minimum() + 1))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Alt and Ctrl with an arrow move the card that the box is in.
        arrow = event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down)
        if arrow and event.modifiers() & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def enterEvent(self, event: QEnterEvent) -> None:
        self._hovered = True
        self.update()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = False
        self.update()
        super().leaveEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The field's own menu with the actions of this widget below it."""
        menu = self.lineEdit().createStandardContextMenu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addSeparator()
        menu.addActions(self.actions())
        menu.popup(event.globalPos())

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.isEnabled() or not (self._hovered or self.hasFocus()):
            return
        painter = smooth_painter(self)
        left = self.width() - _ARROW - _ARROW_MARGIN
        color = self._theme.theme.color("secondary")
        for name, top in (("chevron-up", 1), ("chevron-down", self.height() - _ARROW - 1)):
            painter.drawPixmap(left, top, self._icons.pixmap(name, color, _ARROW, self.devicePixelRatioF()))

    def _means_special(self, text: str) -> bool:
        special = self.specialValueText()
        return bool(special) and bool(text.strip()) and special.startswith(text.strip().lower())

    def _on_value_changed(self, _value: float) -> None:
        self.updateGeometry()

    def _on_look_changed(self, _look: object = None) -> None:
        font = QFont(self._theme.fonts.code)
        font.setPixelSize(self._theme.fonts.secondary.pixelSize())
        self.setFont(font)
        self.lineEdit().setFont(font)
        self.setFixedHeight(QFontMetrics(font).height() + _FRAME_HEIGHT)
        self.updateGeometry()
