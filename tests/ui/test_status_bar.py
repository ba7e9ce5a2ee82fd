"""The line at the foot of the window."""

from __future__ import annotations

import pytest
from helpers.model_states import no_model_state, ready_state
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.core.generation import RunStats
from app.ui.icons import IconSet
from app.ui.status_bar import StatusBar
from app.ui.theme import ThemeManager


@pytest.fixture
def status(qtbot: QtBot, theme: ThemeManager, icons: IconSet) -> StatusBar:
    widget = StatusBar(theme, icons)
    qtbot.addWidget(widget)
    widget.resize(1000, widget.sizeHint().height())
    widget.show()
    return widget


def words(status: StatusBar) -> list[str]:
    return [label.text() for label in status.findChildren(QLabel) if label.text()]


def test_it_names_the_build_and_where_it_computes(status: StatusBar) -> None:
    status.set_build("llama.cpp b1234")
    status.set_model_state(no_model_state())
    assert words(status) == ["llama.cpp b1234 · CPU", "11.7 of 24 GB in use"]
    status.set_model_state(ready_state(gpu_layers=31))
    assert words(status) == ["llama.cpp b1234 · CUDA0 NVIDIA H100", "20 of 79 GB in use"]


def test_it_says_how_fast_the_last_answer_came(status: StatusBar) -> None:
    status.set_speed(RunStats(tokens_per_second=38.24).as_dict())
    assert words(status) == ["38.2 tokens/s"]
    status.set_speed({})
    assert words(status) == []


def test_a_message_comes_and_goes(status: StatusBar) -> None:
    status.set_message("Saved")
    assert words(status) == ["Saved"]
    status.set_message("")
    assert words(status) == []


def test_numbers_stay_whole_where_it_is_narrow(status: StatusBar) -> None:
    status.set_build("llama.cpp of a very long name " * 3)
    status.set_model_state(ready_state(gpu_layers=31))
    status.set_speed({"tokens_per_second": 38.2})
    status.resize(420, status.height())
    cut = {label.text() for label in status.findChildren(QLabel) if label.toolTip()}
    assert len(cut) == 1
    assert "llama.cpp" in cut.pop()
