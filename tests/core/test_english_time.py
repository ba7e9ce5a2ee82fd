from __future__ import annotations

import locale
from datetime import datetime

import pytest

from app.core.english_time import english_time

TIME = datetime(2026, 3, 5, 14, 7, 9)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("%Y-%m-%d", "2026-03-05"),
        ("%d %b %Y", "05 Mar 2026"),
        ("%A, %B %-d", "Thursday, March 5"),
        ("%a %h %p %I:%M", "Thu Mar PM 02:07"),
        ("%c", "Thu Mar 05 14:07:09 2026"),
        ("100%% at %H", "100% at 14"),
        ("%1000000000Y", "%1000000000Y"),
    ],
)
def test_patterns(pattern: str, text: str):
    assert english_time(TIME, pattern) == text


def test_the_locale_changes_nothing():
    before = locale.setlocale(locale.LC_TIME)
    try:
        for name in ("de_DE.UTF-8", "fr_FR.UTF-8", ""):
            try:
                locale.setlocale(locale.LC_TIME, name)
            except locale.Error:
                continue
            assert english_time(TIME, "%A %B %p %c") == "Thursday March PM Thu Mar 05 14:07:09 2026"
    finally:
        locale.setlocale(locale.LC_TIME, before)
