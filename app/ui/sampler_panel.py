"""The sampler panel: the chain as cards, what is wrong with it, and what else decides the next token."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from app.core.sampling import SAMPLERS, ChainWarning, SamplerChain
from app.item_models.sampler_chain import SamplerChainModel
from app.item_models.sampler_words import why_mirostat, why_not_in_chain
from app.ui.icons import IconSet
from app.ui.sampler_extras import MinKeepCard, MirostatCard, SeedCard
from app.ui.sampler_list import SamplerList
from app.ui.theme import ThemeManager
from app.ui.widgets.buttons import ActionButton
from app.ui.widgets.note import Note
from app.ui.widgets.painting import FollowsTheme

PANEL_WIDTH = 328
"""In pixels at text scale 1."""

_MAX_WIDTH_SCALE = 1.6
_SIDE_MARGIN = 14
_SCROLL_BAR = 10
"""Width of the style sheet's scroll bars: what the margin gives up while one is shown."""


class SamplerPanel(FollowsTheme, QWidget):
    """Shows and edits a `SamplerChain`.

    Signals:
        chain_edited: The reader changed the chain; carries the new `SamplerChain`.
    """

    chain_edited = Signal(object)

    def __init__(self, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = icons
        self._preset = SamplerChain()
        self._notes: dict[ChainWarning, _WarningNote] = {}
        self.model = SamplerChainModel(self)
        self.list = SamplerList(self.model, theme, icons)
        self.seed = SeedCard(theme, icons)
        self.mirostat = MirostatCard(theme, icons)
        self.min_keep = MinKeepCard(theme, icons)
        self._build()
        self._connect()
        self.follow_theme(theme)
        self._on_look_changed(None)
        self._refresh()

    @property
    def chain(self) -> SamplerChain:
        """The chain as it is shown."""
        return self.model.chain

    def set_chain(self, chain: SamplerChain, preset_chain: SamplerChain) -> None:
        """Show `chain` without emitting; `preset_chain` holds what each reset goes back to."""
        self._preset = preset_chain
        self.model.set_chain(chain)
        self.list.set_preset(preset_chain.parameters)
        self._refresh()

    def note(self, sampler: str) -> Note:
        """The note about one sampler below the chain."""
        return next(note for warning, note in self._notes.items() if warning.sampler == sampler)

    # -- building

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._build_head())
        layout.addWidget(self._build_scroll_area(), 1)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)

    def _build_head(self) -> QVBoxLayout:
        title = QLabel("Sampler chain")
        title.setProperty("role", "title")
        hint = QLabel("Applied from top to bottom. Drag to reorder.")
        hint.setProperty("role", "secondary")
        hint.setWordWrap(True)
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._on_menu_about_to_show)
        self._menu.triggered.connect(self._on_menu_triggered)
        self.add_button = ActionButton("Add", self._theme, self._icons, icon="plus", kind="compact")
        self.add_button.setMenu(self._menu)
        self.add_button.setAccessibleName("Add a sampler to the chain")
        row = QHBoxLayout()
        row.addWidget(title, 1)
        row.addWidget(self.add_button)
        head = QVBoxLayout()
        head.setContentsMargins(_SIDE_MARGIN, 13, _SIDE_MARGIN, 4)
        head.setSpacing(4)
        head.addLayout(row)
        head.addWidget(hint)
        return head

    def _build_scroll_area(self) -> QScrollArea:
        content = QWidget()
        self._content_layout = QVBoxLayout(content)
        self._content_layout.setSpacing(8)
        self._note_layout = QVBoxLayout()
        self._note_layout.setSpacing(8)
        self._content_layout.addWidget(self.list)
        self._content_layout.addLayout(self._note_layout)
        for card in (self.seed, self.mirostat, self.min_keep):
            self._content_layout.addWidget(card)
        self._content_layout.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(content)
        # QScrollArea paints the window's ground below what it holds, the panel has its own.
        content.setAutoFillBackground(False)
        self._scroll.viewport().setAutoFillBackground(False)
        self._scroll.verticalScrollBar().rangeChanged.connect(self._on_scroll_range_changed)
        self._on_scroll_range_changed(0, 0)
        return self._scroll

    def _connect(self) -> None:
        self.model.chain_changed.connect(self._on_model_chain_changed)
        self.list.scroll_requested.connect(self._on_list_scroll_requested)
        self.list.shown_requested.connect(self._on_list_shown_requested)
        self.seed.edited.connect(self._on_seed_edited)
        self.mirostat.edited.connect(self.model.set_value)
        self.min_keep.edited.connect(self.model.set_value)

    # -- showing

    def _refresh(self) -> None:
        """All but the cards of the chain, which follow the model by themselves."""
        values = self.model.chain.parameters
        self.seed.show_seed(values.seed)
        self.mirostat.show_values(values, self._preset.parameters)
        self.min_keep.show_value(values.min_keep)
        missing = self._missing()
        self.add_button.setEnabled(bool(missing))
        self.add_button.setToolTip("Add a sampler" if missing else "Every sampler is in the chain")
        self._show_notes(self.model.chain.warnings())

    def _missing(self) -> list[str]:
        return [name for name in SAMPLERS if name not in self.model.chain.order]

    def _show_notes(self, warnings: tuple[ChainWarning, ...]) -> None:
        for warning in [warning for warning in self._notes if warning not in warnings]:
            note = self._notes.pop(warning)
            self._note_layout.removeWidget(note)
            note.hide()
            note.deleteLater()
        for row, warning in enumerate(warnings):
            if warning not in self._notes:
                note = _WarningNote(warning, self.model, self._theme, self._icons, self)
                self._notes[warning] = note
                self._note_layout.insertWidget(row, note)

    def sizeHint(self) -> QSize:
        return QSize(self._width(), 600)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.theme.color("side"))
        painter.fillRect(QRect(0, 0, 1, self.height()), QColor(self._theme.theme.hex("line")))

    def _width(self) -> int:
        return round(PANEL_WIDTH * min(max(self._theme.fonts.scale, 1.0), _MAX_WIDTH_SCALE))

    # -- slots

    def _on_look_changed(self, _look: object) -> None:
        self.setFixedWidth(self._width())
        super()._on_look_changed(_look)

    def _on_model_chain_changed(self, chain: SamplerChain) -> None:
        self._refresh()
        self.chain_edited.emit(chain)

    def _on_menu_about_to_show(self) -> None:
        self._menu.clear()
        for name in self._missing():
            action = self._menu.addAction(f"{name}\t{SAMPLERS[name].help}")
            action.setData(name)

    def _on_menu_triggered(self, action: QAction) -> None:
        name = action.data()
        if self.model.add(name):
            self.list.focus_card(name)

    def _on_seed_edited(self, seed: int | None) -> None:
        self.model.set_value("seed", seed)

    def _on_list_scroll_requested(self, pixels: int) -> None:
        bar = self._scroll.verticalScrollBar()
        bar.setValue(bar.value() + pixels)

    def _on_list_shown_requested(self, card: QWidget) -> None:
        self._content_layout.activate()
        self._scroll.ensureWidgetVisible(card, 0, 12)

    def _on_scroll_range_changed(self, _minimum: int, maximum: int) -> None:
        """The scroll bar takes its room from the margin, so that the cards keep their width."""
        right = _SIDE_MARGIN - (_SCROLL_BAR if maximum > 0 else 0)
        self._content_layout.setContentsMargins(_SIDE_MARGIN, 2, right, 14)


class _WarningNote(Note):
    """What is set and has no effect, why, and the way out."""

    def __init__(
        self, warning: ChainWarning, model: SamplerChainModel, theme: ThemeManager, icons: IconSet, parent: QWidget
    ) -> None:
        super().__init__(theme, icons, parent)
        self._warning = warning
        self._model = model
        self._explained = False
        self.action.connect(self._on_action)
        self._refresh()

    def _refresh(self) -> None:
        warning = self._warning
        text = f"{warning.text.rstrip('.')}."
        text = text[0].upper() + text[1:] if warning.code == "mirostat_replaces" else f"The sampler {text}"
        if self._explained:
            text += f" {self._why()}"
        way_out = ("add", "Add it") if warning.code == "not_in_chain" else ("off", "Turn mirostat off")
        actions = [("why", "Less" if self._explained else "Why"), way_out]
        self.set_content(f"{warning.headline}.", text, actions, emphasis=warning.sampler)

    def _why(self) -> str:
        if self._warning.code == "not_in_chain":
            return why_not_in_chain(self._warning.sampler)
        return why_mirostat(self._model.chain.parameters.mirostat)

    def _on_action(self, code: str) -> None:
        if code == "why":
            self._explained = not self._explained
            self._refresh()
        elif code == "add":
            self._model.add(self._warning.sampler)
        elif code == "off":
            self._model.set_value("mirostat", 0)
