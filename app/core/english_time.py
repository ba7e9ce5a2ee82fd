"""Times written the same in every locale. Qt sets the user's, and a prompt must not depend on it."""

from __future__ import annotations

import re
from datetime import datetime

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_TIME_COMPOUNDS = {"c": "%a %b %d %H:%M:%S %Y", "x": "%m/%d/%y", "X": "%H:%M:%S"}


def english_time(time: datetime, pattern: str) -> str:
    """`strftime` with English names. `%-d` and its like, without the leading 0, work on every system."""
    return re.sub(r"%(-?)([A-Za-z%])", lambda found: _time_part(time, found[2], found[1] == "-"), pattern)


def _time_part(time: datetime, letter: str, bare: bool) -> str:
    if letter in _TIME_COMPOUNDS:
        return english_time(time, _TIME_COMPOUNDS[letter])
    if letter in "aA":
        day = _DAYS[time.weekday()]
        return day if letter == "A" else day[:3]
    if letter in "bBh":
        month = _MONTHS[time.month - 1]
        return month if letter == "B" else month[:3]
    if letter == "p":
        return "AM" if time.hour < 12 else "PM"
    part = time.strftime(f"%{letter}")
    return part.lstrip("0") or "0" if bare else part
