from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel, QScrollArea, QScrollBar, QWidget

from app.core.sampling import DEFAULT_ORDER, SAMPLERS, SEED_ORDER, WHOLE_CONTEXT, SamplerChain, SamplingParameters
from app.ui.icons import IconSet
from app.ui.sampler_card import SamplerCard
from app.ui.sampler_panel import PANEL_WIDTH, SamplerPanel
from app.ui.theme import ThemeManager

LEFT = Qt.MouseButton.LeftButton
ALT, CTRL = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier

PRESET = SamplerChain(
    SEED_ORDER,
    SamplingParameters(
        top_k=40, top_p=0.95, temperature=0.6, dry_multiplier=0.5, dry_penalty_last_n=WHOLE_CONTEXT, seed=3407
    ),
)
GRIP = QPoint(20, 20)


class Edits(list[SamplerChain]):
    """Every chain the panel told about."""


@pytest.fixture
def panel(qtbot, theme: ThemeManager, icons: IconSet) -> SamplerPanel:
    panel = SamplerPanel(theme, icons)
    qtbot.addWidget(panel)
    panel.resize(PANEL_WIDTH, 900)
    panel.set_chain(PRESET, PRESET)
    panel.show()
    panel.activateWindow()
    qtbot.waitUntil(panel.isActiveWindow)
    return panel


@pytest.fixture
def edits(panel: SamplerPanel) -> Edits:
    edits = Edits()
    panel.chain_edited.connect(edits.append)
    return edits


def shown_order(panel: SamplerPanel) -> list[str]:
    """The names of the cards as they lie on the screen, from top to bottom."""
    cards = [card for card in panel.findChildren(SamplerCard) if not card.isHidden()]
    return [card.kind.name for card in sorted(cards, key=lambda card: card.y())]


def drag(qtbot, panel: SamplerPanel, name: str, distance: int, drop: bool = True) -> None:
    """Pick a card up by its grip and carry it `distance` pixels down, in steps as a hand does."""
    card = panel.list.card(name)
    grip = card.mapToGlobal(GRIP)
    qtbot.mousePress(card, LEFT, pos=GRIP)
    for step in range(1, 11):
        target = grip + QPoint(0, distance * step // 10)
        qtbot.mouseMove(card, card.mapFromGlobal(target))
    if drop:
        qtbot.mouseRelease(card, LEFT, pos=card.mapFromGlobal(grip + QPoint(0, distance)))


def effect_of(panel: SamplerPanel, name: str) -> list[str]:
    return [label.text() for label in panel.list.card(name).findChildren(QLabel)]


# -- showing


def test_set_chain_shows_it_and_tells_nobody(panel: SamplerPanel, edits: Edits) -> None:
    panel.set_chain(SamplerChain(("min_p", "top_k"), SamplingParameters(top_k=7)), PRESET)
    assert shown_order(panel) == ["min_p", "top_k"]
    assert panel.list.card("top_k").editor("top_k").box.text() == "7"
    assert "keeps at most 7 tokens" in effect_of(panel, "top_k")
    assert edits == []


def test_neutral_samplers_step_back_and_wake_up(qtbot, panel: SamplerPanel) -> None:
    card = panel.list.card("min_p")
    assert card.dimmed
    assert "neutral, does nothing" in effect_of(panel, "min_p")
    assert not panel.list.card("top_k").dimmed
    qtbot.mouseClick(card.editor("min_p").slider, LEFT, pos=QPoint(100, 9))
    assert not card.dimmed


@pytest.mark.parametrize("choice", ["light", "dark"])
def test_every_card_fits_the_panel_in_both_themes(panel: SamplerPanel, theme: ThemeManager, choice: str) -> None:
    theme.set_choice(choice)
    panel.set_chain(SamplerChain(tuple(SAMPLERS)), PRESET)
    for card in panel.list.cards():
        card.set_expanded(True)
    panel.resize(PANEL_WIDTH, 3000)
    panel.grab()
    for card in panel.list.cards():
        for child in card.findChildren(QWidget):
            if child.isVisible():
                assert card.rect().contains(child.geometry().translated(child.parentWidget().mapTo(card, QPoint()))), (
                    card.kind.name,
                    child.accessibleName(),
                )


def scroll_bar(panel: SamplerPanel) -> QScrollBar:
    return panel.findChild(QScrollArea).verticalScrollBar()


def test_cards_keep_their_width_when_the_scroll_bar_comes(qtbot, panel: SamplerPanel) -> None:
    between_margins = PANEL_WIDTH - 1 - 2 * 14
    for height in (400, 1200, 400):
        panel.resize(PANEL_WIDTH, height)
        qtbot.waitUntil(lambda height=height: scroll_bar(panel).isVisible() is (height == 400))
        qtbot.waitUntil(lambda: panel.list.width() == between_margins)


@pytest.mark.parametrize("choice", ["light", "dark"])
def test_the_side_ground_shows_between_and_below_the_cards(
    panel: SamplerPanel, theme: ThemeManager, choice: str
) -> None:
    theme.set_choice(choice)
    panel.resize(PANEL_WIDTH, 1200)
    picture = panel.grab().toImage()
    seam = panel.list.card("top_k").mapTo(panel, panel.list.card("top_k").rect().bottomLeft()) + QPoint(100, 4)
    for point in (QPoint(6, 300), seam, QPoint(160, 1190)):
        assert picture.pixelColor(point).name() == theme.theme.hex("side").lower()


def test_larger_text_makes_a_wider_panel(panel: SamplerPanel, theme: ThemeManager) -> None:
    theme.set_text_scale(1.5)
    assert panel.width() == PANEL_WIDTH * 3 // 2


# -- order


def test_dragging_a_card_below_others_moves_its_stage(qtbot, panel: SamplerPanel, edits: Edits) -> None:
    step = panel.list.card("top_p").y() - panel.list.card("top_k").y()
    drag(qtbot, panel, "top_k", 2 * step)
    expected = ["top_p", "min_p", "top_k", "temperature", "dry", "typ_p", "xtc"]
    assert shown_order(panel) == expected
    assert [chain.order for chain in edits] == [tuple(expected)]


def test_dragging_to_either_end(qtbot, panel: SamplerPanel) -> None:
    drag(qtbot, panel, "temperature", -5000)
    assert shown_order(panel)[0] == "temperature"
    drag(qtbot, panel, "temperature", 5000)
    assert shown_order(panel)[-1] == "temperature"
    assert tuple(shown_order(panel)) == panel.chain.order


def test_cards_make_room_while_one_is_carried(qtbot, panel: SamplerPanel, edits: Edits) -> None:
    step = panel.list.card("top_p").y() - panel.list.card("top_k").y()
    at_rest = panel.grab().toImage()
    drag(qtbot, panel, "top_k", step, drop=False)
    assert shown_order(panel)[:2] == ["top_p", "top_k"]
    assert panel.grab().toImage() != at_rest
    assert edits == []
    qtbot.mouseRelease(panel.list.card("top_k"), LEFT, pos=GRIP)
    assert len(edits) == 1


def test_escape_takes_a_drag_back(qtbot, panel: SamplerPanel, edits: Edits) -> None:
    drag(qtbot, panel, "xtc", -400, drop=False)
    assert shown_order(panel) != list(SEED_ORDER)
    qtbot.keyClick(panel.list.card("xtc"), Qt.Key.Key_Escape)
    qtbot.mouseRelease(panel.list.card("xtc"), LEFT, pos=GRIP)
    assert shown_order(panel) == list(SEED_ORDER)
    assert edits == []


def test_a_new_chain_ends_a_drag(qtbot, panel: SamplerPanel, edits: Edits) -> None:
    drag(qtbot, panel, "top_k", 200, drop=False)
    panel.set_chain(SamplerChain(("top_k", "xtc")), PRESET)
    qtbot.mouseRelease(panel.list.card("top_k"), LEFT, pos=GRIP)
    assert shown_order(panel) == ["top_k", "xtc"]
    assert edits == []


def test_a_click_or_a_short_pull_is_no_drag(qtbot, panel: SamplerPanel, edits: Edits) -> None:
    drag(qtbot, panel, "top_k", 3)
    assert edits == []


def test_a_card_carried_to_the_edge_scrolls_the_list(qtbot, panel: SamplerPanel, edits: Edits) -> None:
    panel.resize(PANEL_WIDTH, 360)
    panel.grab()
    bar = scroll_bar(panel)
    drag(qtbot, panel, "top_k", 280, drop=False)
    qtbot.waitUntil(lambda: bar.value() == bar.maximum())
    card = panel.list.card("top_k")
    qtbot.waitUntil(lambda: shown_order(panel).index("top_k") >= 5)
    qtbot.mouseRelease(card, LEFT, pos=GRIP)
    assert edits[-1].order.index("top_k") >= 5


@pytest.mark.parametrize("modifier", [ALT, CTRL])
def test_the_keyboard_moves_a_stage_and_stays_on_it(qtbot, panel: SamplerPanel, edits: Edits, modifier) -> None:
    panel.list.focus_card("min_p")
    for _ in range(3):
        qtbot.keyClick(panel.focusWidget(), Qt.Key.Key_Up, modifier)
    qtbot.keyClick(panel.focusWidget(), Qt.Key.Key_Down, modifier)
    assert panel.list.card("min_p").hasFocus()
    assert shown_order(panel)[:3] == ["top_k", "min_p", "top_p"]
    assert len(edits) == 3


def test_alt_arrow_moves_the_stage_from_its_controls_too(qtbot, panel: SamplerPanel) -> None:
    editor = panel.list.card("top_p").editor("top_p")
    for control in (editor.slider, editor.box):
        control.setFocus()
        qtbot.keyClick(control, Qt.Key.Key_Down, ALT)
    assert panel.chain.order[3] == "top_p"
    assert panel.chain.parameters.top_p == 0.95


def test_arrows_go_from_card_to_card(qtbot, panel: SamplerPanel, edits: Edits) -> None:
    panel.list.focus_card("top_k")
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Down):
        qtbot.keyClick(panel.focusWidget(), key)
    assert panel.list.card("min_p").hasFocus()
    assert edits == []


def test_tab_goes_down_the_chain_as_it_stands(qtbot, panel: SamplerPanel) -> None:
    panel.model.move(1, 0)
    panel.list.focus_card("top_p")
    stops = []
    for _ in range(5):
        qtbot.keyClick(panel.focusWidget(), Qt.Key.Key_Tab)
        stops.append(panel.focusWidget())
    editor = panel.list.card("top_p").editor("top_p")
    assert stops[1:4] == [editor.box, editor.slider, panel.list.card("top_k")]


# -- adding and removing


def test_delete_removes_a_stage_and_goes_to_the_next(qtbot, panel: SamplerPanel, edits: Edits) -> None:
    panel.list.focus_card("min_p")
    qtbot.keyClick(panel.focusWidget(), Qt.Key.Key_Delete)
    assert edits[-1].order == ("top_k", "top_p", "temperature", "dry", "typ_p", "xtc")
    assert panel.list.card("temperature").hasFocus()
    for _ in range(6):
        qtbot.keyClick(panel.focusWidget(), Qt.Key.Key_Delete)
    assert panel.chain.order == ()
    assert shown_order(panel) == []


def test_the_remove_button_removes(qtbot, panel: SamplerPanel, edits: Edits) -> None:
    button = panel.list.card("xtc").tab_stops()[0]
    assert button.toolTip() == "Remove xtc"
    qtbot.mouseClick(button, LEFT)
    assert "xtc" not in edits[-1].order


def test_the_menu_offers_what_is_missing_and_adds_it(qtbot, panel: SamplerPanel, edits: Edits) -> None:
    menu = panel.add_button.menu()
    menu.aboutToShow.emit()
    assert [action.data() for action in menu.actions()] == ["penalties", "top_n_sigma", "infill", "adaptive_p"]
    assert SAMPLERS["penalties"].help in menu.actions()[0].text()
    menu.actions()[0].trigger()
    assert edits[-1].order[0] == "penalties"
    assert panel.list.card("penalties").hasFocus()
    panel.set_chain(SamplerChain(tuple(SAMPLERS)), PRESET)
    assert not panel.add_button.isEnabled()


# -- numbers


def test_slider_box_and_effect_move_together(qtbot, panel: SamplerPanel, edits: Edits) -> None:
    editor = panel.list.card("top_k").editor("top_k")
    qtbot.mouseClick(editor.slider, LEFT, pos=QPoint(editor.slider.width() - 7, 9))
    assert edits[-1].parameters.top_k == 200
    assert editor.box.text() == "200"
    assert "keeps at most 200 tokens" in effect_of(panel, "top_k")


def test_a_typed_number_may_lie_beyond_the_slider(qtbot, panel: SamplerPanel, edits: Edits) -> None:
    editor = panel.list.card("temperature").editor("temperature")
    editor.box.setFocus()
    editor.box.selectAll()
    qtbot.keyClicks(editor.box, "3.75")
    qtbot.keyClick(editor.box, Qt.Key.Key_Return)
    assert [chain.parameters.temperature for chain in edits] == [3.75]
    assert editor.slider.value() == editor.slider.maximum()
    assert editor.box.text() == "3.75"


def test_further_numbers_fold_out(qtbot, panel: SamplerPanel, edits: Edits) -> None:
    card = panel.list.card("dry")
    assert not card.expanded
    assert not card.editor("dry_base").slider.isVisible()
    panel.list.focus_card("dry")
    qtbot.keyClick(card, Qt.Key.Key_Return)
    assert card.editor("dry_base").slider.isVisible()
    card.editor("dry_base").slider.setFocus()
    qtbot.keyClick(card.editor("dry_base").slider, Qt.Key.Key_Right)
    assert edits[-1].parameters.dry_base == 1.8
    panel.model.move(0, 6)
    assert panel.list.card("dry").expanded


def test_single_numbers_have_nothing_to_fold_out(qtbot, panel: SamplerPanel) -> None:
    panel.list.focus_card("top_k")
    qtbot.keyClick(panel.focusWidget(), Qt.Key.Key_Return)
    assert not panel.list.card("top_k").expanded


def test_a_window_over_the_whole_context(qtbot, panel: SamplerPanel, edits: Edits) -> None:
    card = panel.list.card("dry")
    card.set_expanded(True)
    editor = card.editor("dry_penalty_last_n")
    assert editor.box.text() == "whole context"
    assert editor.slider.value() == editor.slider.maximum()
    editor.slider.setFocus()
    qtbot.keyClick(editor.slider, Qt.Key.Key_Left)
    assert edits[-1].parameters.dry_penalty_last_n == 16384
    qtbot.keyClick(editor.slider, Qt.Key.Key_End)
    assert edits[-1].parameters.dry_penalty_last_n == WHOLE_CONTEXT
    assert "penalises repeats over 2 · whole context" in effect_of(panel, "dry")


def reset_by_button(qtbot, editor) -> None:
    qtbot.mouseClick(editor.reset, LEFT)


def reset_by_double_click(qtbot, editor) -> None:
    handle = editor.slider.handle_rect().center().toPoint()
    qtbot.mouseClick(editor.slider, LEFT, pos=handle)
    qtbot.mouseDClick(editor.slider, LEFT, pos=handle)
    qtbot.mouseRelease(editor.slider, LEFT, pos=handle)


def reset_by_menu(_qtbot, editor) -> None:
    action = next(action for action in editor.slider.actions() if action.text() == "Reset to 0.60")
    action.trigger()


@pytest.mark.parametrize("reset", [reset_by_button, reset_by_double_click, reset_by_menu])
def test_reset_goes_back_to_the_preset(qtbot, panel: SamplerPanel, edits: Edits, reset: Callable[..., None]) -> None:
    editor = panel.list.card("temperature").editor("temperature")
    assert not editor.reset.isVisible()
    editor.set_value(1.5)
    assert editor.reset.isVisible()
    assert editor.reset.toolTip() == "Reset to 0.60, the preset's temperature"
    reset(qtbot, editor)
    assert edits[-1].parameters.temperature == 0.6
    assert not editor.reset.isVisible()


def test_the_menu_of_a_number_knows_llama_cpps_default_and_the_neutral_value(panel: SamplerPanel, edits: Edits) -> None:
    editor = panel.list.card("top_p").editor("top_p")
    labels = [action.text() for action in editor.box.actions()]
    assert labels == ["Reset to 0.95", "llama.cpp's default, 0.95", "Neutral, 1.00"]
    editor.box.actions()[2].trigger()
    assert edits[-1].parameters.top_p == 1.0
    assert panel.list.card("top_p").dimmed


# -- warnings


def test_what_is_set_outside_the_chain_is_called_out(qtbot, panel: SamplerPanel, edits: Edits) -> None:
    panel.set_chain(PRESET.with_values(repeat_penalty=1.1), PRESET)
    note = panel.note("penalties")
    text = note.findChild(QLabel)
    said = "<b>repeat_penalty 1.1 has no effect.</b> The sampler <i>penalties</i> is not in the chain."
    assert text.text() == said
    qtbot.mouseClick(note.link("why"), LEFT)
    assert "nothing reads it until penalties is added" in text.text()
    qtbot.mouseClick(note.link("why"), LEFT)
    assert text.text() == said
    qtbot.mouseClick(note.link("add"), LEFT)
    assert edits[-1].order == ("penalties", *SEED_ORDER)
    assert edits[-1].warnings() == ()
    with pytest.raises(StopIteration):
        panel.note("penalties")


def test_removing_a_stage_that_does_something_warns(qtbot, panel: SamplerPanel) -> None:
    panel.list.focus_card("dry")
    qtbot.keyClick(panel.focusWidget(), Qt.Key.Key_Delete)
    assert "dry_multiplier 0.5 has no effect." in panel.note("dry").accessibleName()


def test_mirostat_dims_the_chain_and_can_be_turned_off(qtbot, panel: SamplerPanel, edits: Edits) -> None:
    qtbot.mouseClick(panel.mirostat.button(2), LEFT)
    assert edits[-1].parameters.mirostat == 2
    assert "replaced by mirostat 2" in effect_of(panel, "top_k")
    dimmed = {card.kind.name for card in panel.list.cards() if card.dimmed}
    assert dimmed == set(SEED_ORDER) - {"temperature"}
    note = panel.note("mirostat")
    qtbot.mouseClick(note.link("why"), LEFT)
    assert "Mirostat 2 chooses each token itself" in note.accessibleName()
    qtbot.mouseClick(note.link("off"), LEFT)
    assert edits[-1].parameters.mirostat == 0
    assert panel.mirostat.button(0).isChecked()
    assert not panel.list.card("top_k").dimmed


# -- below the chain


def test_the_seed_is_fixed_or_random(qtbot, panel: SamplerPanel, edits: Edits) -> None:
    seed = panel.seed
    assert seed.box.text() == "3407"
    qtbot.mouseClick(seed.random, LEFT, pos=QPoint(8, seed.random.height() // 2))
    assert edits[-1].parameters.seed is None
    assert not seed.box.isVisible()
    qtbot.mouseClick(seed.random, LEFT, pos=QPoint(8, seed.random.height() // 2))
    drawn = edits[-1].parameters.seed
    assert drawn is not None
    assert seed.box.text() == str(drawn)
    seed.box.setFocus()
    seed.box.selectAll()
    qtbot.keyClicks(seed.box, "42")
    qtbot.keyClick(seed.box, Qt.Key.Key_Return)
    assert edits[-1].parameters.seed == 42


def test_mirostat_numbers_and_min_keep_are_edited(qtbot, panel: SamplerPanel, edits: Edits) -> None:
    panel.set_chain(PRESET.with_values(mirostat=1), PRESET)
    row = panel.mirostat.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
    assert any(child.isVisible() for child in row)
    panel.min_keep.box.setFocus()
    qtbot.keyClick(panel.min_keep.box, Qt.Key.Key_Up)
    assert edits[-1].parameters.min_keep == 1


def test_the_whole_default_chain_can_be_taken_apart_and_put_together(panel: SamplerPanel, edits: Edits) -> None:
    default = SamplerChain.llama_cpp_default()
    panel.set_chain(default, default)
    for name in DEFAULT_ORDER:
        panel.model.remove(name)
    for name in reversed(DEFAULT_ORDER):
        panel.model.add(name)
    assert edits[-1] == default
    assert shown_order(panel) == list(DEFAULT_ORDER)
