"""What a llama.cpp command line asks for: the seed's own, every flag, every way to be wrong."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.presets import TEXTS, built_in
from helpers.seed_commands import PROMPT, WITH_FIXES, WITHOUT_FIXES
from hypothesis import given
from hypothesis import strategies as st

from app.core.command_line import RunArguments, apply_recommended, parse_llama_flags, preset_from_arguments
from app.core.errors import UsageError
from app.core.llama_flags import AS_IT_IS, UNSUPPORTED, VALUE_MAY_BE_MISSING, VALUES_TAKEN
from app.core.model_spec import ALL_LAYERS, AUTO, ModelSpec, RopeSpec
from app.core.presets import Preset
from app.core.run_flags import FLAGS, OUR_VALUES_TAKEN
from app.core.sampling import DEFAULT_ORDER, SEED_ORDER, WHOLE_CONTEXT, SamplerChain
from app.core.shell_line import split_shell_line

SPEC = ModelSpec(Path("m.gguf"))


def parsed(*words: str, base: Preset | None = None) -> RunArguments:
    return parse_llama_flags(["-m", "m.gguf", *words], base)


def test_without_flags_a_run_is_llama_cpps_own() -> None:
    assert parse_llama_flags([]) == RunArguments(ModelSpec(Path()), SamplerChain.llama_cpp_default())
    assert parsed().spec == ModelSpec(Path("m.gguf"), context=4096, gpu_layers=AUTO)


@pytest.mark.parametrize(
    ("text", "order", "min_p"), [(WITH_FIXES, SEED_ORDER, 0.0), (WITHOUT_FIXES, DEFAULT_ORDER, 0.1)]
)
def test_the_seeds_command_is_understood_to_the_last_value(text: str, order: tuple[str, ...], min_p: float) -> None:
    run = parse_llama_flags(split_shell_line(text))
    model = "unsloth-QwQ-32B-GGUF/QwQ-32B-Q4_K_M.gguf"
    chain = SamplerChain(order, SamplerChain.llama_cpp_default().parameters).with_values(
        temperature=0.6,
        repeat_penalty=1.1,
        dry_multiplier=0.5,
        min_p=min_p,
        top_k=40,
        top_p=0.95,
        seed=3407,
    )
    prompt = PROMPT.replace(r"\n", "\n")
    assert prompt.startswith("<|im_start|>user\nCreate a Flappy Bird game")
    assert prompt.endswith("<|im_end|>\n<|im_start|>assistant\n<think>\n")
    assert "8. When you lose, show the best score." in prompt
    explicit = {
        "model", "threads", "context", "gpu_layers", "seed", "priority", "temperature", "repeat_penalty",
        "dry_multiplier", "min_p", "top_k", "top_p", "conversation", "prompt",
    }  # fmt: skip
    assert run == RunArguments(
        spec=ModelSpec(Path(model), threads=32, context=16384, gpu_layers=99, priority=2),
        chain=chain,
        model=model,
        prompt=prompt,
        conversation=False,
        explicit=frozenset(explicit | ({"chain"} if order == SEED_ORDER else set())),
        notes=("--repeat-penalty is given more than once; the last one counts.",),
    )
    # Today's window, since a command line means what llama.cpp makes of it today; the presets say "context".
    assert run.chain.parameters.dry_penalty_last_n == 64
    told = ["repeat_penalty 1.1 has no effect: penalties is not in the chain"]
    assert [str(warning) for warning in run.warnings()] == (told if order == SEED_ORDER else [])


# The flags of `run` that INTERFACES promises, each with what it changes.
SAMPLING: list[tuple[list[str], dict[str, Any]]] = [
    (["-s", "1"], {"seed": 1}),
    (["--seed", "-1"], {"seed": None}),
    (["--temp", "0.3"], {"temperature": 0.3}),
    (["--temperature", "-1"], {"temperature": 0.0}),
    (["--top-k", "7"], {"top_k": 7}),
    (["--top-k", "-5"], {"top_k": 0}),
    (["--top-p", "0.5"], {"top_p": 0.5}),
    (["--min-p", "0.2"], {"min_p": 0.2}),
    (["--typical", "0.9"], {"typical_p": 0.9}),
    (["--typical-p", "0.9"], {"typical_p": 0.9}),
    (["--top-nsigma", "1.5"], {"top_n_sigma": 1.5}),
    (["--top-n-sigma", "1.5"], {"top_n_sigma": 1.5}),
    (["--xtc-probability", "0.5"], {"xtc_probability": 0.5}),
    (["--xtc-threshold", "0.2"], {"xtc_threshold": 0.2}),
    (["--dynatemp-range", "0.5"], {"dynatemp_range": 0.5}),
    (["--dynatemp-exp", "2"], {"dynatemp_exponent": 2.0}),
    (["--repeat-penalty", "1.2"], {"repeat_penalty": 1.2}),
    (["--repeat-last-n", "256"], {"repeat_last_n": 256}),
    (["--presence-penalty", "0.1"], {"presence_penalty": 0.1}),
    (["--frequency-penalty", "0.1"], {"frequency_penalty": 0.1}),
    (["--dry-multiplier", "0.8"], {"dry_multiplier": 0.8}),
    (["--dry-base", "2"], {"dry_base": 2.0}),
    (["--dry-allowed-length", "3"], {"dry_allowed_length": 3}),
    (["--dry-penalty-last-n", "1024"], {"dry_penalty_last_n": 1024}),
    (["--dry-sequence-breaker", "a", "--dry-sequence-breaker", r"\n"], {"dry_sequence_breakers": ("a", "\n")}),
    (["--dry-sequence-breaker", "a", "--dry-sequence-breaker", "none"], {"dry_sequence_breakers": ()}),
    (["--mirostat", "2"], {"mirostat": 2}),
    (["--mirostat-lr", "0.2"], {"mirostat_eta": 0.2}),
    (["--mirostat-ent", "3"], {"mirostat_tau": 3.0}),
    (["--adaptive-target", "0.5"], {"adaptive_target": 0.5}),
    (["--adaptive-decay", "0.5"], {"adaptive_decay": 0.5}),
    (["-l", "5+1", "--logit-bias", "6-inf"], {"logit_bias": ((5, 1.0), (6, -math.inf))}),
    (["--grammar", r"root ::= \n"], {"grammar": r"root ::= \n"}),
]


@pytest.mark.parametrize(("words", "values"), SAMPLING)
def test_a_sampling_flag_changes_its_values_and_no_other(words: list[str], values: dict[str, Any]) -> None:
    run = parsed(*words)
    assert run == replace(
        parsed(),
        chain=SamplerChain.llama_cpp_default().with_values(**values),
        explicit=frozenset({"model", *values}),
    )


LOADING: list[tuple[list[str], dict[str, Any]]] = [
    (["-c", "0"], {"context": 0}),
    (["--ctx-size", "8192"], {"context": 8192}),
    (["-t", "4"], {"threads": 4}),
    (["--threads", "-1"], {"threads": 0}),
    (["-tb", "6"], {"threads_batch": 6}),
    (["--threads-batch", "6"], {"threads_batch": 6}),
    (["-b", "512"], {"batch": 512}),
    (["--batch-size", "512"], {"batch": 512}),
    (["-ub", "128"], {"ubatch": 128}),
    (["--ubatch-size", "128"], {"ubatch": 128}),
    (["-ngl", "10"], {"gpu_layers": 10}),
    (["--gpu-layers", "all"], {"gpu_layers": ALL_LAYERS}),
    (["--n-gpu-layers", "auto"], {"gpu_layers": AUTO}),
    (["-fa", "off"], {"flash_attention": "off"}),
    (["-fa"], {"flash_attention": "on"}),
    (["--flash-attn", "auto"], {"flash_attention": "auto"}),
    (["-ctk", "q8_0"], {"cache_type_k": "q8_0"}),
    (["--cache-type-k", "q4_0"], {"cache_type_k": "q4_0"}),
    (["-ctv", "q8_0"], {"cache_type_v": "q8_0"}),
    (["--cache-type-v", "f32"], {"cache_type_v": "f32"}),
    (["--prio", "2"], {"priority": 2}),
    (["--override-kv", "a=int:5,b=bool:true", "--override-kv", "c=str:x"],
     {"overrides": (("a", 5), ("b", True), ("c", "x"))}),
    (["--lora", "a.gguf", "--lora-scaled", "b.gguf:0.5"], {"loras": ((Path("a.gguf"), 1.0), (Path("b.gguf"), 0.5))}),
    (["--lora-scaled", "b.gguf", "0.5"], {"loras": ((Path("b.gguf"), 0.5),)}),
    (["--mmap"], {"load_mode": "mmap"}),
    (["--no-mmap"], {"load_mode": "none"}),
    (["--mlock"], {"load_mode": "mmap_mlock"}),
    (["--mlock", "--no-mmap"], {"load_mode": "mlock"}),
    (["-lm", "mmap+mlock"], {"load_mode": "mmap_mlock"}),
    (["--load-mode", "dio"], {"load_mode": "direct_io"}),
    (["-dev", "CUDA0,CUDA1"], {"devices": ("CUDA0", "CUDA1")}),
    (["--device", "none"], {"devices": (), "gpu_layers": 0}),
    (["-mg", "1"], {"main_gpu": 1}),
    (["--main-gpu", "1"], {"main_gpu": 1}),
    (["-sm", "row"], {"split_mode": "row"}),
    (["--split-mode", "none"], {"split_mode": "none"}),
    (["-ts", "3,1"], {"tensor_split": (3.0, 1.0)}),
    (["--tensor-split", "3/1"], {"tensor_split": (3.0, 1.0)}),
    (["--rope-scaling", "yarn"], {"rope": RopeSpec(scaling="yarn")}),
    (["--rope-scale", "4"], {"rope": RopeSpec(scale=4.0)}),
    (["--rope-freq-scale", "0.25"], {"rope": RopeSpec(scale=4.0)}),
    (["--rope-freq-base", "1e6"], {"rope": RopeSpec(freq_base=1e6)}),
    (["--yarn-orig-ctx", "32768"], {"rope": RopeSpec(orig_ctx=32768)}),
    (["--yarn-ext-factor", "1"], {"rope": RopeSpec(ext_factor=1.0)}),
    (["--yarn-attn-factor", "1"], {"rope": RopeSpec(attn_factor=1.0)}),
    (["--yarn-beta-fast", "32"], {"rope": RopeSpec(beta_fast=32.0)}),
    (["--yarn-beta-slow", "1"], {"rope": RopeSpec(beta_slow=1.0)}),
]  # fmt: skip


@pytest.mark.parametrize(("words", "values"), LOADING)
def test_a_loading_flag_changes_its_values_and_no_other(words: list[str], values: dict[str, Any]) -> None:
    run = parsed(*words)
    assert run == replace(parsed(), spec=replace(SPEC, **values), explicit=run.explicit)
    assert len(run.explicit) == 2


RUNNING: list[tuple[list[str], dict[str, Any]]] = [
    (["-p", r"a\tb\x21"], {"prompt": "a\tb!"}),
    (["--prompt", "a", "--prompt", "b"],
     {"prompt": "b", "notes": ("--prompt is given more than once; the last one counts.",)}),
    (["-p", r"a\n", "--no-escape"], {"prompt": r"a\n", "escape": False}),
    (["--no-escape", "-e", "-p", r"a\n"], {"prompt": "a\n"}),
    (["-f", "p.txt"], {"prompt_file": Path("p.txt")}),
    (["-p", "a", "--file", "p.txt"], {"prompt_file": Path("p.txt")}),
    (["-f", "p.txt", "-p", "a"], {"prompt": "a"}),
    (["-bf", "p.bin"], {"prompt_file": Path("p.bin"), "prompt_file_is_binary": True}),
    (["-bf", "p.bin", "-f", "p.txt"], {"prompt_file": Path("p.txt")}),
    (["-sys", r"Be\n"], {"system_prompt": r"Be\n"}),
    (["--system-prompt", "Be brief."], {"system_prompt": "Be brief."}),
    (["-sysf", "s.txt"], {"system_prompt_file": Path("s.txt")}),
    (["-n", "-1"], {"max_tokens": -1}),
    (["-n", "-2"], {"max_tokens": -1}),
    (["--n-predict", "32"], {"max_tokens": 32}),
    (["--predict", "0"], {"max_tokens": 0}),
    (["-no-cnv"], {"conversation": False}),
    (["--no-conversation", "-cnv"], {"conversation": True}),
    (["--ignore-eos"], {"ignore_eos": True}),
    (["-r", r"\nUser:", "--reverse-prompt", "x"], {"reverse_prompts": ("\nUser:", "x")}),
    (["--grammar-file", "g.gbnf"], {"grammar_file": Path("g.gbnf")}),
    (["-j", "{}"], {"json_schema": "{}"}),
    (["--grammar", "x", "--json-schema", "{}"], {"json_schema": "{}"}),
    (["-jf", "s.json"], {"json_schema_file": Path("s.json")}),
    (["--chat-template", "{{ x }}"], {"chat_template": "{{ x }}"}),
    (["--chat-template-file", "t.jinja"], {"chat_template_file": Path("t.jinja")}),
    (["--jinja", "--no-warmup"], {}),
    (["--reasoning", "on"], {"thinking": "on"}),
    (["-rea", "off"], {"thinking": "off"}),
    (["--reasoning", "off", "--reasoning", "auto"],
     {"thinking": "template", "notes": ("--reasoning is given more than once; the last one counts.",)}),
    (["--chat-template-kwargs", '{"enable_thinking": false}'], {"thinking": "off"}),
    (["--reasoning-budget", "0"], {"reasoning_budget": 0}),
    (["--reasoning-budget", "512"], {"reasoning_budget": 512}),
    (["--reasoning-budget-message", "Enough."], {"reasoning_budget_message": "Enough."}),
    (["--thinking", "on"], {"thinking": "on"}),
    (["--preset", "greedy"], {"preset": "greedy"}),
    (["--trace", "--json", "--data-dir", "d"], {"trace": True, "json": True, "data_dir": Path("d")}),
    (["-h"], {"help": True}),
    (["-hf", "Qwen/QwQ-32B-GGUF:Q8_0", "-hff", "x.gguf"], {"hf_repo": "Qwen/QwQ-32B-GGUF:Q8_0", "hf_file": "x.gguf"}),
]  # fmt: skip


@pytest.mark.parametrize(("words", "values"), RUNNING)
def test_any_other_flag_changes_its_values_and_no_other(words: list[str], values: dict[str, Any]) -> None:
    run = parsed(*words)
    assert run == replace(parsed(), **values, explicit=run.explicit)


@pytest.mark.parametrize(
    ("words", "order", "notes"),
    [
        (["--samplers", "top_k;top_p;temperature"], ("top_k", "top_p", "temperature"), ()),
        # The command of Qwen's own card ends in a semicolon.
        (["--samplers", "top_k;top_p;min_p;temperature;"], ("top_k", "top_p", "min_p", "temperature"), ()),
        (["--samplers", "Top-K;typ;nucleus;TEMP"], ("top_k", "typ_p", "top_p", "temperature"), ()),
        (["--samplers", ""], (), ()),
        (["--sampler-seq", "kpt"], ("top_k", "top_p", "temperature"), ()),
        (["--sampling-seq", "edskypmxt"], DEFAULT_ORDER, ()),
        (["--samplers", "top_k;tfs_z"], ("top_k",),
         ("--samplers: there is no sampler 'tfs_z'; it is left out, as llama.cpp does.",)),
        (["--sampler-seq", "kf"], ("top_k",),
         ("--sampler-seq: there is no sampler 'f'; it is left out, as llama.cpp does.",)),
        (["--samplers", "top_k;temp;top_k"], ("top_k", "temperature"),
         ("--samplers names a sampler more than once; the first place counts.",)),
    ],
)  # fmt: skip
def test_the_chain_is_taken_by_names_or_letters(
    words: list[str], order: tuple[str, ...], notes: tuple[str, ...]
) -> None:
    run = parsed(*words)
    assert (run.chain.order, run.notes) == (order, notes)
    assert run.chain.parameters == SamplerChain.llama_cpp_default().parameters
    assert "chain" in run.explicit


@pytest.mark.parametrize(
    ("words", "note"),
    [
        (["--color"], "--color has no meaning here and is ignored."),
        (["--color", "on"], "--color has no meaning here and is ignored."),
        (["--no-mmproj-offload"], "--no-mmproj-offload has no meaning here and is ignored."),
        (["--host", "0.0.0.0"], "--host has no meaning here and is ignored."),
        (["-ot", "exps=CPU"], "-ot is not supported here and is ignored."),
        (["--control-vector-layer-range", "1", "2"],
         "--control-vector-layer-range is not supported here and is ignored."),
        (["--no-jinja"], "--no-jinja is not supported here and is ignored."),
        (["--repeat-last-n", "-1"], "--repeat-last-n -1 is the whole context here; llama.cpp itself refuses it today."),
        (["--dry-base", "0.5"], "--dry-base 0.5 is ignored, as llama.cpp does with a base below 1."),
        (["--chat-template", "chatml"],
         "--chat-template 'chatml': only a template written out is used here, not one of llama.cpp's own."),
        (["--chat-template-kwargs", '{"reasoning_effort": "low"}'],
         "--chat-template-kwargs: reasoning_effort is not supported here and is ignored."),
        (["--top_k", "3", "--top-k", "4"], "--top-k is given more than once; the last one counts."),
    ],
)  # fmt: skip
def test_what_is_understood_differently_is_noted(words: list[str], note: str) -> None:
    assert parsed(*words).notes == (note,)


@pytest.mark.parametrize("flag", ["--repeat-last-n", "--dry-penalty-last-n"])
def test_a_window_of_minus_one_is_the_whole_context(flag: str) -> None:
    name = flag[2:].replace("-", "_")
    assert getattr(parsed(flag, "-1").chain.parameters, name) == WHOLE_CONTEXT


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["--tmep", "1"], "There is no flag --tmep.", "Did you mean --temp?"),
        (["--n-gpu-layer", "1"], "There is no flag --n-gpu-layer.", "Did you mean --n-gpu-layers?"),
        (["--presets", "x"], "There is no flag --presets.", "Did you mean --preset?"),
        (["-zzz"], "There is no flag -zzz.", ""),
        (["--tmep=1"], "There is no flag --tmep.", "Did you mean --temp?"),
        (["--temp"], "--temp needs a value.", ""),
        (["--control-vector-layer-range", "1"], "--control-vector-layer-range needs 2 values.", ""),
        (["--temp", "hot"], "--temp needs a number, not 'hot'.", ""),
        (["--temp", "--top-k", "40"], "--temp needs a number, not '--top-k'.", ""),
        (["--top-k", "4.5"], "--top-k needs a whole number, not '4.5'.", ""),
        (["--temperature=1e39"], "--temperature: temperature cannot be as large as 1e+39.", ""),
        (["--min-p", "2"], "--min-p: min_p must be between 0 and 1, not 2.0.", ""),
        (["--repeat-penalty", "0"], "--repeat-penalty: repeat_penalty must be at least 0.01, not 0.0.", ""),
        (["--repeat-last-n", "-2"], "--repeat-last-n: repeat_last_n must be between 0 and 16777216, not -2.", ""),
        (["--mirostat", "3"], "--mirostat: mirostat must be between 0 and 2, not 3.", ""),
        (["-c", "-1"], "-c needs a whole number of at least 0, not '-1'.", ""),
        (["-n", "-3"], "-n needs a whole number of at least -2, not '-3'.", ""),
        (["-b", "0"], "-b needs a whole number of at least 1, not '0'.", ""),
        (["--prio", "9"], "--prio needs a whole number from -1 to 3, not '9'.", ""),
        (["-ctk", "q9"], "-ctk needs one of f32, f16, bf16, q8_0, q5_1, q5_0, q4_1, q4_0, iq4_nl, not 'q9'.", ""),
        (["-sm", "both"], "-sm needs one of none, layer, row, tensor, not 'both'.", ""),
        (["--reasoning", "maybe"], "--reasoning needs on, off or auto, not 'maybe'.", ""),
        (["--json=1"], "--json takes no value after =.", ""),
        (["hello"], "'hello' stands where a flag is expected.",
         "A text of several words stands in quotes, after its flag."),
        (["-p", "Hello", "world"], "'world' stands where a flag is expected.",
         "A text of several words stands in quotes, after its flag."),
    ],
)  # fmt: skip
def test_a_wrong_command_line_is_refused_with_what_to_do(words: list[str], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parsed(*words)
    assert (caught.value.message, caught.value.hint) == (message, hint)


@pytest.mark.parametrize("words", [["--top_k", "3"], ["--top-k=3"], ["--top_k=3"]])
def test_a_flag_may_be_written_with_underscores_or_an_equals_sign(words: list[str]) -> None:
    assert parsed(*words).chain.parameters.top_k == 3
    assert parsed("--chat_template={{ a_b }}=").chat_template == "{{ a_b }}="


INTERFACE = """
-m --model -p --prompt -f --file -e --escape --no-escape -sys --system-prompt -n --n-predict -c --ctx-size -t --threads
-tb --threads-batch -b --batch-size -ub --ubatch-size -ngl --n-gpu-layers -fa --flash-attn -ctk --cache-type-k
-ctv --cache-type-v --prio -s --seed --samplers --sampler-seq --temp --top-k --top-p --min-p --typical --top-nsigma
--xtc-probability --xtc-threshold --dynatemp-range --dynatemp-exp --repeat-penalty --repeat-last-n
--presence-penalty --frequency-penalty --dry-multiplier --dry-base --dry-allowed-length --dry-penalty-last-n
--dry-sequence-breaker --mirostat --mirostat-lr --mirostat-ent --logit-bias --grammar --grammar-file --rope-scaling
--rope-scale --rope-freq-base --yarn-orig-ctx --yarn-ext-factor --yarn-attn-factor --yarn-beta-fast --yarn-beta-slow
--override-kv --lora --lora-scaled --chat-template --chat-template-file --jinja -j --json-schema --adaptive-target
--adaptive-decay -r --reverse-prompt --mmap --no-mmap --mlock -dev --device -mg --main-gpu -sm --split-mode -ts
--tensor-split --reasoning --reasoning-budget --reasoning-budget-message -no-cnv --no-conversation --no-warmup
--ignore-eos --preset --thinking --trace --json --data-dir
"""


def test_every_promised_flag_is_followed_and_in_the_tables_above() -> None:
    tried = {word for words, _ in [*SAMPLING, *LOADING, *RUNNING] for word in words} | {"-m", "--model", "--samplers"}
    tried |= {"--sampler-seq"}
    for flag in INTERFACE.split():
        assert flag in FLAGS or flag in AS_IT_IS, flag
        assert tried & set(FLAGS[flag].names if flag in FLAGS else (flag,)), flag


def test_every_flag_of_llama_cpps_is_taken_with_its_values() -> None:
    assert len(VALUES_TAKEN) > 550
    for flag in set(VALUES_TAKEN) - set(FLAGS):
        run = parsed(flag, *["1"] * VALUES_TAKEN[flag], "--top-k", "3")
        assert run.chain.parameters.top_k == 3, flag
        assert bool(run.notes) is (flag not in AS_IT_IS), flag


def test_the_tables_of_flags_agree() -> None:
    known = set(VALUES_TAKEN) | set(OUR_VALUES_TAKEN)
    for group in (set(FLAGS), AS_IT_IS, UNSUPPORTED, VALUE_MAY_BE_MISSING):
        assert set(group) <= known
    assert not AS_IT_IS & UNSUPPORTED
    assert not set(FLAGS) & (AS_IT_IS | UNSUPPORTED)
    assert not set(VALUES_TAKEN) & set(OUR_VALUES_TAKEN)


def test_flags_change_the_preset_they_start_from() -> None:
    base = built_in("qwq-32b-unsloth")
    run = parsed("--temp", "0.2", base=base)
    assert run.chain == base.chain.with_values(temperature=0.2)
    assert (run.spec, run.preset) == (replace(SPEC, context=16384), "qwq-32b-unsloth")
    assert [str(warning) for warning in run.warnings()] == [str(warning) for warning in base.chain.warnings()]
    own = Preset(
        "Mine", thinking="off", budget_tokens=9, system_prompt="Be brief.", max_tokens=5, threads=2, gpu_layers=3
    )
    run = parsed("--preset", "Mine", base=own)
    assert (run.preset, run.thinking, run.reasoning_budget) == ("Mine", "off", 9)
    assert (run.system_prompt, run.max_tokens) == ("Be brief.", 5)
    assert run.spec == replace(SPEC, threads=2, gpu_layers=3)
    run = parsed("--reasoning", "on", "-sysf", "s.txt", "-n", "7", "-t", "1", "-c", "512", base=own)
    assert (run.thinking, run.system_prompt, run.max_tokens) == ("on", "", 7)
    assert run.spec == replace(SPEC, threads=1, gpu_layers=3, context=512)


def test_a_preset_without_thinking_budget_sets_none() -> None:
    assert parsed(base=Preset("Mine")).reasoning_budget == -1


def test_a_json_schema_takes_the_place_of_the_presets_grammar() -> None:
    base = Preset("Mine", chain=SamplerChain().with_values(grammar="root ::= x"))
    assert parsed(base=base).chain.parameters.grammar == "root ::= x"
    assert parsed("-j", "{}", base=base).chain.parameters.grammar == ""


def test_defaults_outside_the_chain_are_no_warning_but_flags_are() -> None:
    assert parsed("--samplers", "temperature").warnings() == ()
    (warning,) = parsed("--samplers", "temperature", "--top-k", "5").warnings()
    assert str(warning) == "top_k 5 has no effect: top_k is not in the chain"
    assert [w.code for w in parsed("--mirostat", "1").warnings()] == ["mirostat_replaces"]


def test_a_prompt_file_loses_one_line_end_and_has_its_escapes_processed() -> None:
    assert parsed("-f", "p").prompt_from("a\\tb\n\n") == "a\tb\n"
    assert parsed("-f", "p", "--no-escape").prompt_from("a\\tb\n") == "a\\tb"
    assert parsed("-bf", "p").prompt_from("a\n") == "a\n"


RECOMMENDED = {
    "sequence": "top_k;temperature",
    "top_k": "20",
    "top_p": "0.8",
    "min_p": "0.01",
    "xtc_probability": "0.1",
    "xtc_threshold": "0.2",
    "temp": "0.7",
    "penalty_last_n": "128",
    "penalty_repeat": "1.05",
    "mirostat": "1",
    "mirostat_tau": "4",
    "mirostat_eta": "0.2",
}
BY_NAME = {
    "top_k": 20,
    "top_p": 0.8,
    "min_p": 0.01,
    "xtc_probability": 0.1,
    "xtc_threshold": 0.2,
    "temperature": 0.7,
    "repeat_last_n": 128,
    "repeat_penalty": 1.05,
    "mirostat": 1,
    "mirostat_tau": 4.0,
    "mirostat_eta": 0.2,
}


def test_the_models_own_recommendation_applies_where_nothing_was_said() -> None:
    run = apply_recommended(parsed(), RECOMMENDED)
    expected = SamplerChain(("top_k", "temperature"), SamplerChain.llama_cpp_default().parameters)
    assert run.chain == expected.with_values(**BY_NAME)
    assert run.notes == (
        "The model's own recommendation is used for top_k, top_p, min_p, xtc_probability, xtc_threshold, temperature, "
        "repeat_last_n, repeat_penalty, mirostat, mirostat_tau, mirostat_eta, chain.",
    )


@pytest.mark.parametrize("words", [words for words, values in SAMPLING if set(values) <= set(BY_NAME)])
def test_a_flag_stands_against_the_models_recommendation(words: list[str]) -> None:
    before, after = parsed(*words), apply_recommended(parsed(*words), RECOMMENDED)
    (name,) = before.explicit - {"model"}
    assert getattr(after.chain.parameters, name) == getattr(before.chain.parameters, name)
    others = {key: value for key, value in BY_NAME.items() if key != name}
    assert after.chain.parameters == replace(before.chain.parameters, **others)


def test_a_chain_by_names_or_letters_stands_against_the_models() -> None:
    for words in (["--samplers", "top_p"], ["--sampler-seq", "p"]):
        assert apply_recommended(parsed(*words), RECOMMENDED).chain.order == ("top_p",)


def test_a_preset_leaves_no_room_for_a_recommendation() -> None:
    run = parsed(base=built_in("greedy"))
    assert apply_recommended(run, RECOMMENDED) == run


@pytest.mark.parametrize(
    ("recommended", "values"),
    [
        ({"top_k": " 20 of them"}, {"top_k": 20}),
        ({"temp": "0.7f"}, {"temperature": 0.7}),
        ({"temp": "1e999"}, {}),
        ({"temp": "hot"}, {}),
        ({"top_k": ""}, {}),
        ({"penalty_repeat": "0"}, {}),
        ({"mirostat": "7"}, {}),
        ({"penalty_last_n": "-1"}, {"repeat_last_n": 0}),
        ({"sequence": "nothing;here"}, {}),
        ({"unknown": "1"}, {}),
    ],
)
def test_a_recommendation_is_read_as_c_reads_it_and_nonsense_passed_over(
    recommended: dict[str, str], values: dict[str, Any]
) -> None:
    run = apply_recommended(parsed(), recommended)
    assert run.chain == SamplerChain.llama_cpp_default().with_values(**values)


def test_an_unusable_recommendation_is_noted() -> None:
    assert apply_recommended(parsed(), {"penalty_repeat": "0"}).notes == (
        "The model recommends a value that cannot be used: repeat_penalty must be at least 0.01, not 0.0.",
    )


@given(st.dictionaries(st.sampled_from(sorted(RECOMMENDED)), st.text(max_size=8)))
def test_any_recommendation_of_a_file_gives_a_usable_chain(recommended: dict[str, str]) -> None:
    chain = apply_recommended(parsed(), recommended).chain
    assert preset_from_arguments(RunArguments(SPEC, chain), "x").chain == chain


def test_a_command_line_becomes_a_preset() -> None:
    run = parse_llama_flags(split_shell_line(WITH_FIXES))
    assert preset_from_arguments(run, "From the article") == Preset(
        "From the article",
        source="A llama.cpp command line.",
        chain=run.chain,
        context_size=16384,
        gpu_layers=99,
        threads=32,
    )
    assert preset_from_arguments(parsed(), "x").context_size is None
    ended = preset_from_arguments(parsed("--reasoning-budget", "0"), "x")
    assert (ended.thinking, ended.budget_tokens) == ("off", 0)


WORDS = st.sampled_from([*FLAGS, *sorted(VALUES_TAKEN)[::20], "1", "0.5", "on", "a;b", "5+1", "{}", "f32", ""]) | TEXTS


@given(st.lists(WORDS, max_size=8))
def test_any_words_are_understood_or_refused(words: list[str]) -> None:
    message = "understood"
    try:
        run = parse_llama_flags(words)
    except UsageError as error:
        message = error.message
    else:
        # What was understood is usable: the numbers are in their ranges.
        assert apply_recommended(run, {}) == run
    assert message
