"""Amounts as people read them."""

from __future__ import annotations


def file_size_text(size: int) -> str:
    """Bytes of a file in decimal units, as download pages count them: "98 MB", "19.9 GB"."""
    if size >= 999.5e6:
        return f"{_short(size / 1e9)} GB"
    return f"{size / 1e6:,.0f} MB" if size >= 999.5e3 else f"{size / 1e3:,.0f} KB"


def memory_text(size: int) -> str:
    """Bytes of memory in units of 1024, as system monitors count them: "135 MB", "12.3 GB"."""
    gigabytes = size / 1024**3
    return f"{_short(gigabytes)} GB" if gigabytes >= 0.9995 else f"{size / 1024**2:,.0f} MB"


def memory_share_text(part: int, whole: int) -> str:
    """Some of a device's memory: "12.3 of 24 GB"."""
    return f"{_short(part / 1024**3)} of {_short(whole / 1024**3)} GB"


def parameters_text(count: int) -> str:
    """A model's size in words: "32.8 billion parameters", "135 million parameters"."""
    amount, word = (count / 1e9, "billion") if count >= 999.5e6 else (count / 1e6, "million")
    return f"{_short(amount)} {word} parameters"


def _short(amount: float) -> str:
    """One decimal place where it tells something."""
    return f"{amount:,.0f}" if amount >= 99.95 else f"{amount:.1f}".removesuffix(".0")
