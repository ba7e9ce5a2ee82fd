"""PySide6 6.12.0 loses a reference to None in each void call on Python 3.10 and 3.11, and then dies."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable

import pytest

qt_core = pytest.importorskip("PySide6.QtCore")
CALLS = 500


@pytest.mark.parametrize("constant", [None, True], ids=["None", "True"])
def test_calls_that_return_a_constant_keep_its_references(constant: bool | None) -> None:
    before = sys.getrefcount(constant)
    call = _call_returning(constant)
    for _ in range(CALLS):
        call()
    assert abs(sys.getrefcount(constant) - before) < CALLS / 10


def _call_returning(constant: bool | None) -> Callable[[], object]:
    thing = qt_core.QObject()
    thing.blockSignals(True)
    call = thing.signalsBlocked if constant else functools.partial(thing.setObjectName, "x")
    assert call() is constant
    return call
