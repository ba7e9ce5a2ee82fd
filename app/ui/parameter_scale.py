"""Between the numbers of a parameter and the whole steps of its slider."""

from __future__ import annotations

from app.core.sampling import WHOLE_CONTEXT, Parameter

_PLACES = 6
"""Decimal places a slider's value is rounded to, so that 3 steps of 0.1 are 0.3."""


class ParameterScale:
    """One slider step is one `step` of the parameter; a window over the whole context is one more, at the end."""

    def __init__(self, parameter: Parameter) -> None:
        self._parameter = parameter
        self._steps = round((parameter.maximum - parameter.minimum) / parameter.step)

    @property
    def last(self) -> int:
        """The highest slider position; the lowest is 0."""
        return self._steps + self._parameter.whole_context

    def position(self, value: float) -> int:
        """The nearest position; values beyond the slider are at its ends."""
        if self._parameter.whole_context and value == WHOLE_CONTEXT:
            return self.last
        steps = round((value - self._parameter.minimum) / self._parameter.step)
        return min(max(steps, 0), self._steps)

    def value(self, position: int) -> float:
        """What a position stands for."""
        if position > self._steps:
            return WHOLE_CONTEXT
        return round(self._parameter.minimum + position * self._parameter.step, _PLACES)

    @property
    def decimals(self) -> int:
        """How many decimals tell two steps apart."""
        if self._parameter.integer:
            return 0
        text = f"{self._parameter.step:.{_PLACES}f}".rstrip("0")
        return max(1, len(text) - text.index(".") - 1)
