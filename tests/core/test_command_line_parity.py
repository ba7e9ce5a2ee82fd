"""Our reading of a command line against llama.cpp's own, by what `llama-completion` prints of it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from helpers.presets import BUNDLED, built_in
from helpers.reference import reference_tool
from helpers.requirements import unavailable
from helpers.seed_commands import WITH_FIXES, WITHOUT_FIXES
from helpers.tiny_gguf import TinyModel

from app.core.command_line import apply_recommended, parse_llama_flags
from app.core.command_text import DEFAULT_CONTEXT, command_line_for
from app.core.llama_flags import VALUES_TAKEN
from app.core.sampling import SAMPLERS, SamplerChain
from app.core.shell_line import split_shell_line

pytestmark = pytest.mark.parity

RECOMMENDED: dict[str, object] = {
    "sequence": "top-k;unknown;temp;xtc",
    "top_k": 20,
    "top_p": 0.8,
    "xtc_probability": 0.25,
    "xtc_threshold": 0.2,
    "temp": 0.7,
    "penalty_last_n": 128,
    "penalty_repeat": 1.05,
    "mirostat": 0,
    "mirostat_tau": 4.0,
    "mirostat_eta": 0.2,
}

# What common_params_sampling::print and common_sampler_print call what the app calls otherwise.
PARAMETER_NAMES = {"temp": "temperature", "mirostat_lr": "mirostat_eta", "mirostat_ent": "mirostat_tau"}
STAGE_NAMES = {"typical": "typ_p", "temp_ext": "temperature"}
# Ends of the chain that are no stages of ours; adaptive-p is one, which always stands last.
SELECTORS = {"logits", "dist"}


@pytest.fixture(scope="module")
def completion() -> Path:
    tool = reference_tool("llama-completion")
    return tool if tool is not None else unavailable("llama-completion", "python3 dev.py reference builds it.")


@pytest.fixture(scope="module")
def plain_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return TinyModel().write(tmp_path_factory.mktemp("parity") / "plain.gguf")


@pytest.fixture(scope="module")
def recommending_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    metadata = {f"general.sampling.{key}": value for key, value in RECOMMENDED.items()}
    return TinyModel(metadata=metadata).write(tmp_path_factory.mktemp("parity") / "recommending.gguf")


@pytest.fixture(scope="module")
def insisting_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recommends something against every preset."""
    values = RECOMMENDED | {"min_p": 0.5, "mirostat": 2}
    metadata = {f"general.sampling.{key}": value for key, value in values.items()}
    return TinyModel(metadata=metadata).write(tmp_path_factory.mktemp("parity") / "insisting.gguf")


def report(completion: Path, model: Path, words: Sequence[str]) -> str:
    """What llama.cpp prints before it generates.

    At its end the tool drops what its logging thread has not written yet; so it is left waiting for input
    (-if) until all is there.
    """
    last = ("-m", str(model), "-p", "Hi", "-if", "-no-cnv", "-c", "256", "-ngl", "0", "-t", "1", "--no-warmup")
    pipe = subprocess.PIPE
    with subprocess.Popen([completion, *words, *last], stdin=pipe, stdout=subprocess.DEVNULL, stderr=pipe) as process:
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            if b"generate: n_ctx" in line:
                break
        process.kill()
    return b"".join(lines).decode("utf-8", "replace")


def reported_parameters(text: str) -> dict[str, float]:
    block = text.partition("sampler params:")[2].partition("sampler chain:")[0]
    found = re.findall(r"(\w+) = (-?[0-9.]+)", block)
    return {PARAMETER_NAMES.get(name, name): float(value) for name, value in found}


def reported_chain(text: str) -> list[tuple[str, bool]]:
    """Each stage, and whether it acts: an empty sampler's name begins with a question mark."""
    line = text.partition("sampler chain:")[2].partition("\n")[0]
    stages = [stage.strip() for stage in line.split("->")]
    names = [(stage.removeprefix("?").replace("-", "_"), not stage.startswith("?")) for stage in stages]
    return [(STAGE_NAMES.get(name, name), acts) for name, acts in names if name not in SELECTORS]


def assert_same(text: str, chain: SamplerChain) -> None:
    reported = reported_parameters(text)
    assert len(reported) == 21
    ours = {name: round(float(getattr(chain.parameters, name)), 3) for name in reported}
    assert ours == reported
    active = chain.active()
    assert reported_chain(text) == [(name, name in active) for name in chain.order]
    seed = re.search(r"sampler seed: ([0-9]+)", text)
    assert seed is not None
    assert chain.parameters.seed in (None, int(seed[1]))


LINES = [
    "",
    "-s 3407 --temp 0.3 --top-k 7 --top-p 0.5 --min-p 0.2 --typical 0.9 --top-nsigma 1.5",
    "--seed 4294967294 --temperature -1 --top-k 0 --top_p 1.0",
    "--xtc-probability 0.5 --xtc-threshold 0.2 --dynatemp-range 0.5 --dynatemp-exp 2",
    "--xtc-probability 0.5 --xtc-threshold 0.6 --temp 1",
    "--repeat-penalty 1.5 --repeat-penalty 1.1 --repeat-last-n 256 --presence-penalty 0.1 --frequency-penalty 0.2",
    "--repeat-penalty 1.5 --repeat-last-n 0",
    "--dry-multiplier 0.8 --dry-base 2 --dry-allowed-length 3 --dry-penalty-last-n 1024 --dry-sequence-breaker none",
    "--dry-multiplier 0.8 --dry-base 0.5 --dry-sequence-breaker x",
    "--samplers top-k;typ;nucleus;MIN_P;temp;topnsigma --top-n-sigma 2",
    "--samplers penalties;unknown;;dry;temperature --repeat-penalty 1.2",
    "--samplers temperature",
    "--sampler-seq edskypmxt",
    "--sampling-seq ktq",
    "--adaptive-target 0.5 --adaptive-decay 0.5 --samplers top_k;adaptive-p",
    "--logit-bias 5-inf -l 6+1.5 --ignore-eos",
]


@pytest.mark.parametrize("line", LINES)
def test_flags_mean_to_us_what_they_mean_to_llama_cpp(completion: Path, plain_gguf: Path, line: str) -> None:
    words = line.split()
    text = report(completion, plain_gguf, words).replace("logits -> logit-bias", "logits")
    assert_same(text, parse_llama_flags(words).chain)


@pytest.mark.parametrize("text", [WITH_FIXES, WITHOUT_FIXES], ids=["with-fixes", "without-fixes"])
def test_the_seeds_command_means_to_us_what_it_means_to_llama_cpp(
    completion: Path, plain_gguf: Path, text: str
) -> None:
    words = split_shell_line(text)
    at = words.index("--prio")  # needs privileges
    del words[at : at + 2]
    assert_same(report(completion, plain_gguf, words), parse_llama_flags(words).chain)


@pytest.mark.parametrize("line", ["", "--samplers temperature;min_p", "--temp 0.1 --top-k 5", "--mirostat-lr 0.3"])
def test_a_models_recommendation_applies_where_llama_cpp_applies_it(
    completion: Path, recommending_gguf: Path, line: str
) -> None:
    run = apply_recommended(parse_llama_flags(line.split()), {key: str(value) for key, value in RECOMMENDED.items()})
    assert_same(report(completion, recommending_gguf, line.split()), run.chain)


@pytest.mark.parametrize("slug", sorted(path.stem for path in BUNDLED.glob("*.toml")))
def test_llama_cpp_takes_the_command_of_a_preset_and_builds_its_chain(
    completion: Path, insisting_gguf: Path, slug: str
) -> None:
    chain = built_in(slug).chain
    text = report(completion, insisting_gguf, split_shell_line(command_line_for(built_in(slug), "m.gguf")))
    active = chain.active()
    assert reported_chain(text) == [(name, name in active) for name in chain.order]
    reported = reported_parameters(text)
    resolved = chain.resolved(built_in(slug).context_size or DEFAULT_CONTEXT).parameters
    for stage in active:
        for parameter in SAMPLERS[stage].parameters:
            if parameter.name in reported:
                assert reported[parameter.name] == round(getattr(resolved, parameter.name), 3)


def test_every_flag_that_llama_cpp_lists_is_known(completion: Path) -> None:
    text = subprocess.run([completion, "--help"], capture_output=True, encoding="utf-8", timeout=60, check=True).stdout
    heads = re.findall(r"^--?[A-Za-z][\w.-]*(?:,\s+--?[A-Za-z][\w.-]*)*", text, re.MULTILINE)
    listed = {flag for head in heads for flag in re.split(r",\s+", head)}
    assert len(listed) > 200
    assert listed <= set(VALUES_TAKEN)
