"""The cards of the chain, one below the other, and how the pointer carries one to another place."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.core.sampling import SAMPLERS, SamplingParameters
from app.item_models.sampler_chain import SamplerChainModel
from app.ui.card_drag import CardDrag
from app.ui.icons import IconSet
from app.ui.sampler_card import SamplerCard
from app.ui.theme import ThemeManager

_SPACING = 8
_SCROLL_ZONE = 40
"""Within so many pixels of the visible edge a carried card makes the list scroll."""
_SCROLL_STEP = 7
_SCROLL_INTERVAL_MS = 16


class SamplerList(QWidget):
    """Shows a `SamplerChainModel`, whose every change it follows; edits go to the model.

    Signals:
        scroll_requested: Scroll down by so many pixels, up if negative: a carried card is at the edge.
        shown_requested: This card should be in view; carries the card.
    """

    scroll_requested = Signal(int)
    shown_requested = Signal(QWidget)

    def __init__(
        self, model: SamplerChainModel, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._theme = theme
        self._icons = icons
        self._preset = SamplingParameters()
        self._cards: dict[str, SamplerCard] = {}
        self._drag: CardDrag | None = None
        self._pointer = QPoint()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(_SPACING)
        self._scroll_timer = QTimer(self)
        self._scroll_timer.setInterval(_SCROLL_INTERVAL_MS)
        self._scroll_timer.timeout.connect(self._on_scroll_timer_timeout)
        for signal in (model.rowsMoved, model.rowsInserted, model.rowsRemoved, model.modelReset):
            signal.connect(self._on_model_order_changed)
        model.parameters_changed.connect(self._on_model_parameters_changed)
        self._arrange()

    def set_preset(self, preset: SamplingParameters) -> None:
        """What the reset of each number goes back to."""
        self._preset = preset
        self._show_values()

    def cards(self) -> list[SamplerCard]:
        """The cards from top to bottom."""
        return [self._cards[name] for name in self._model.chain.order]

    def card(self, name: str) -> SamplerCard:
        """The card of a sampler that is in the chain."""
        return self._cards[name]

    def focus_card(self, name: str) -> None:
        """Bring the keyboard to a card, and the card into view."""
        card = self._cards[name]
        card.setFocus(Qt.FocusReason.OtherFocusReason)
        self.shown_requested.emit(card)

    # -- following the model

    def _arrange(self) -> None:
        """One card for each stage, in the order of the chain; a card keeps its state when it moves."""
        order = self._model.chain.order
        for name in [name for name in self._cards if name not in order]:
            self._drop_card(name)
        for row, name in enumerate(order):
            if name not in self._cards:
                self._cards[name] = self._make_card(name)
            self._layout.insertWidget(row, self._cards[name])
            # The layout would show a new card only later, and what is hidden cannot take the focus.
            self._cards[name].show()
        self._layout.activate()
        self._chain_tab_order()
        self._show_values()

    def _make_card(self, name: str) -> SamplerCard:
        card = SamplerCard(SAMPLERS[name], self._theme, self._icons, self)
        card.edited.connect(self._model.set_value)
        card.remove_requested.connect(self._on_card_remove_requested)
        card.move_requested.connect(self._on_card_move_requested)
        card.focus_requested.connect(self._on_card_focus_requested)
        card.drag_started.connect(self._on_card_drag_started)
        card.drag_moved.connect(self._on_card_drag_moved)
        card.drag_ended.connect(self._on_card_drag_ended)
        return card

    def _drop_card(self, name: str) -> None:
        card = self._cards.pop(name)
        self._layout.removeWidget(card)
        card.hide()
        card.deleteLater()

    def _chain_tab_order(self) -> None:
        """Tab goes down the chain, each card followed by its own controls."""
        previous: QWidget | None = None
        for card in self.cards():
            for widget in (card, *card.tab_stops()):
                if previous is not None:
                    QWidget.setTabOrder(previous, widget)
                previous = widget

    def _show_values(self) -> None:
        cards = self.cards()
        for number, card in enumerate(cards, start=1):
            card.show_values(self._model.chain.parameters, self._preset)
            card.set_place(number, len(cards))

    def _on_model_order_changed(self) -> None:
        self._put_down()
        self._arrange()

    def _on_model_parameters_changed(self) -> None:
        self._show_values()

    # -- the keyboard

    def _on_card_remove_requested(self, name: str) -> None:
        row = self._model.chain.order.index(name)
        self._model.remove(name)
        if (cards := self.cards()) and self._drag is None:
            self.focus_card(cards[min(row, len(cards) - 1)].kind.name)

    def _on_card_move_requested(self, name: str, places: int) -> None:
        row = self._model.chain.order.index(name)
        if self._drag is None and self._model.move(row, row + places):
            self.focus_card(name)

    def _on_card_focus_requested(self, name: str, places: int) -> None:
        row = self._model.chain.order.index(name) + places
        cards = self.cards()
        if 0 <= row < len(cards):
            self.focus_card(cards[row].kind.name)

    # -- the pointer

    def _on_card_drag_started(self, name: str, press: QPoint) -> None:
        row = self._model.chain.order.index(name)
        grip = self.mapFromGlobal(press).y() - self._cards[name].y()
        self._drag = CardDrag(self, self._layout, self.cards(), row, grip, self._theme)
        self._scroll_timer.start()

    def _on_card_drag_moved(self, position: QPoint) -> None:
        self._pointer = position
        self._follow_pointer()

    def _follow_pointer(self) -> None:
        if self._drag is not None:
            self._drag.move_to(self.mapFromGlobal(self._pointer).y())

    def _on_card_drag_ended(self, dropped: bool) -> None:
        drag = self._put_down()
        if drag is not None and not (dropped and self._model.move(drag.start, drag.row)):
            self._arrange()

    def _put_down(self) -> CardDrag | None:
        """End the drag, if there is one."""
        drag, self._drag = self._drag, None
        self._scroll_timer.stop()
        if drag is not None:
            drag.end()
        return drag

    def _on_scroll_timer_timeout(self) -> None:
        seen = self.visibleRegion().boundingRect()
        y = self.mapFromGlobal(self._pointer).y()
        if y > seen.bottom() - _SCROLL_ZONE:
            self.scroll_requested.emit(_SCROLL_STEP)
        elif y < seen.top() + _SCROLL_ZONE:
            self.scroll_requested.emit(-_SCROLL_STEP)
        self._follow_pointer()
