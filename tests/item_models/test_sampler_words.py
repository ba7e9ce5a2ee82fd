from __future__ import annotations

import pytest

from app.core.sampling import SAMPLERS, WHOLE_CONTEXT, SamplingParameters
from app.item_models.sampler_words import NEUTRAL, effect, is_idle, why_mirostat, why_not_in_chain, window_words


@pytest.mark.parametrize(
    ("sampler", "values", "words"),
    [
        ("top_k", {"top_k": 40}, "keeps at most 40 tokens"),
        ("top_k", {"top_k": 1}, "keeps at most 1 token"),
        ("top_p", {"top_p": 0.95}, "keeps the likeliest 95 %"),
        ("typ_p", {"typical_p": 0.9}, "keeps the most typical 90 %"),
        ("min_p", {"min_p": 0.05}, "drops what is under 5 % of the best"),
        ("min_p", {"min_p": 0.0125}, "drops what is under 1.25 % of the best"),
        ("top_n_sigma", {"top_n_sigma": 1.5}, "keeps logits within 1.5 deviations of the best"),
        ("xtc", {"xtc_probability": 0.5}, "acts on 50 % of tokens · above 10 %"),
        ("temperature", {"temperature": 0.6}, "sharpens the distribution"),
        ("temperature", {"temperature": 1.3}, "flattens the distribution"),
        ("temperature", {"temperature": 0.0}, "always takes the best token"),
        ("temperature", {"temperature": 0.5, "dynatemp_range": 0.75}, "moves between 0 and 1.25 with the entropy"),
        ("penalties", {"repeat_penalty": 1.1}, "makes repeats less likely · last 64 tokens"),
        ("penalties", {"presence_penalty": -1.0, "repeat_last_n": -1}, "makes repeats more likely · whole context"),
        ("penalties", {"repeat_penalty": 1.1, "frequency_penalty": -1.0}, "changes repeats · last 64 tokens"),
        (
            "dry",
            {"dry_multiplier": 0.5, "dry_penalty_last_n": 16384},
            "penalises repeats over 2 · last 16,384 tokens",
        ),
        ("infill", {}, "merges and ends early, for fill-in-the-middle"),
        ("adaptive_p", {"adaptive_target": 0.3}, "aims at tokens of 30 %"),
    ],
)
def test_effect_says_what_the_numbers_do(sampler: str, values: dict[str, float], words: str) -> None:
    assert effect(SAMPLERS[sampler], SamplingParameters(**values)) == words


@pytest.mark.parametrize("sampler", sorted(set(SAMPLERS) - {"infill"}))
def test_neutral_samplers_say_so(sampler: str) -> None:
    assert effect(SAMPLERS[sampler], SamplingParameters()) == NEUTRAL
    assert is_idle(SAMPLERS[sampler], SamplingParameters())


@pytest.mark.parametrize("sampler", sorted(SAMPLERS))
def test_mirostat_replaces_all_but_temperature(sampler: str) -> None:
    values = SamplingParameters(mirostat=2, temperature=0.5)
    replaced = effect(SAMPLERS[sampler], values) == "replaced by mirostat 2"
    assert replaced is (sampler != "temperature")
    assert is_idle(SAMPLERS[sampler], values) is replaced


def test_windows_in_words() -> None:
    assert [window_words(n) for n in (1, 64, WHOLE_CONTEXT)] == ["last 1 token", "last 64 tokens", "whole context"]


def test_explanations_name_what_they_explain() -> None:
    assert "xtc_probability and xtc_threshold belong to xtc" in why_not_in_chain("xtc")
    assert "top_k belongs to top_k" in why_not_in_chain("top_k")
    assert why_mirostat(1).startswith("Mirostat 1 chooses each token itself")
