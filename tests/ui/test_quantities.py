"""Amounts in words: units, one decimal place where it tells something, no jump at the borders."""

from __future__ import annotations

import pytest

from app.ui.quantities import file_size_text, memory_share_text, memory_text, parameters_text

GIB = 1024**3


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 KB"),
        (742_000, "742 KB"),
        (999_600, "1 MB"),
        (98_362_432, "98 MB"),
        (999_600_000, "1 GB"),
        (19_851_336_224, "19.9 GB"),
        (65_500_000_000, "65.5 GB"),
        (404_000_000_000, "404 GB"),
    ],
)
def test_files_are_measured_in_decimal_units(size: int, text: str) -> None:
    assert file_size_text(size) == text


@pytest.mark.parametrize(
    ("size", "text"), [(94_371_840, "90 MB"), (GIB, "1 GB"), (int(12.34 * GIB), "12.3 GB"), (1500 * GIB, "1,500 GB")]
)
def test_memory_is_measured_in_units_of_1024(size: int, text: str) -> None:
    assert memory_text(size) == text


def test_a_share_names_its_unit_once() -> None:
    assert memory_share_text(int(12.3 * GIB), 24 * GIB) == "12.3 of 24 GB"
    assert memory_share_text(0, 79 * GIB) == "0 of 79 GB"


def test_parameters_in_words() -> None:
    assert parameters_text(134_515_008) == "135 million parameters"
    assert parameters_text(32_763_876_352) == "32.8 billion parameters"
