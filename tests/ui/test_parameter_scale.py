from __future__ import annotations

import pytest

from app.core.sampling import PARAMETERS, WHOLE_CONTEXT, Parameter
from app.ui.parameter_scale import ParameterScale


@pytest.mark.parametrize("parameter", PARAMETERS.values(), ids=PARAMETERS.keys())
def test_every_slider_position_is_a_valid_value_and_comes_back(parameter: Parameter) -> None:
    scale = ParameterScale(parameter)
    for position in range(scale.last + 1):
        value = scale.value(position)
        assert parameter.fault(value) == ""
        assert scale.position(value) == position


@pytest.mark.parametrize(
    ("name", "value", "position"),
    [
        ("top_p", 0.0, 0),
        ("top_p", 0.95, 95),
        ("top_p", 0.954, 95),
        ("top_p", 7.0, 100),
        ("top_p", -7.0, 0),
        ("presence_penalty", 0.0, 40),
        ("top_k", 40, 40),
        ("top_k", -1, 0),
        ("repeat_last_n", 2048, 128),
        ("repeat_last_n", WHOLE_CONTEXT, 129),
    ],
)
def test_values_between_and_beyond_the_steps(name: str, value: float, position: int) -> None:
    assert ParameterScale(PARAMETERS[name]).position(value) == position


def test_values_are_decimal_not_binary() -> None:
    assert ParameterScale(PARAMETERS["mirostat_tau"]).value(3) == 0.3


@pytest.mark.parametrize(("name", "decimals"), [("top_k", 0), ("top_p", 2), ("temperature", 2), ("mirostat_tau", 1)])
def test_decimals_tell_steps_apart(name: str, decimals: int) -> None:
    assert ParameterScale(PARAMETERS[name]).decimals == decimals
