"""`app run` as people and programs call it: real processes, real models."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import tiny_models

ROOT = Path(__file__).resolve().parents[2]
FLAPPY = r"<|im_start|>user\nCreate a Flappy Bird game in Python.<|im_end|>\n<|im_start|>assistant\n<think>\n"


def app(tmp_path: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app", *map(str, arguments), "--data-dir", str(tmp_path / "data")]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def events(result: subprocess.CompletedProcess[str]) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_the_answer_goes_to_stdout_and_the_thought_to_stderr(tmp_path, reasoning_gguf):
    result = app(tmp_path, "run", "-m", reasoning_gguf, "-p", "Hello", "--temp", 0)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == tiny_models.ANSWER.strip()
    assert tiny_models.THOUGHT.strip() in result.stderr


def test_json_tells_everything_in_order(tmp_path, reasoning_gguf):
    result = app(tmp_path, "run", "-m", reasoning_gguf, "-p", "Hello", "--temp", 0, "--json", "-s", 5)
    told = [event for event in events(result) if event["event"] != "note"]
    kinds = list(dict.fromkeys(event["event"] for event in told))
    assert kinds == ["loaded", "prompt", "token", "finished"]
    finished = told[-1]
    assert finished["reason"] == "stop"
    assert finished["thinking"] == tiny_models.THOUGHT.strip()
    assert finished["answer"] == tiny_models.ANSWER.strip()
    assert finished["recipe"]["seed"] == 5
    assert len(finished["recipe"]["model_sha256"]) == 64
    assert finished["stats"]["prompt_tokens"] > 0
    tokens = [event for event in told if event["event"] == "token"]
    assert {event["channel"] for event in tokens} == {"thinking", "answer"}
    assert told[0]["requested"]["context"] == 4096


def test_the_seeds_command_line_runs_pasted(tmp_path, smollm2_gguf):
    result = app(
        tmp_path, "run", "--model", smollm2_gguf, "--threads", 1, "--ctx-size", 16384, "--n-gpu-layers", 99,
        "--seed", 3407, "--prio", 2, "--temp", 0.6, "--repeat-penalty", 1.5, "--repeat-penalty", 1.1,
        "--dry-multiplier", 0.5, "--min-p", 0.0, "--top-k", 40, "--top-p", 0.95, "-no-cnv",
        "--samplers", "top_k;top_p;min_p;temperature;dry;typ_p;xtc", "--prompt", FLAPPY, "-n", 8, "--json",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    *_, finished = events(result)
    assert finished["recipe"]["order"] == ["top_k", "top_p", "min_p", "temperature", "dry", "typ_p", "xtc"]
    assert finished["recipe"]["parameters"]["repeat_penalty"] == 1.1
    assert finished["thinking"] != ""  # the open <think> at the end of the prompt was noticed
    notes = [event["text"] for event in events(result) if event["event"] == "note"]
    assert any("repeat_penalty 1.1 has no effect" in note for note in notes)


def test_a_preset_is_taken_and_flags_override_it(tmp_path, reasoning_gguf):
    result = app(
        tmp_path, "run", "-m", reasoning_gguf, "-p", "x", "--preset", "qwq-32b-unsloth", "--top-k", 7, "--json", "-n", 1
    )
    recipe = events(result)[-1]["recipe"]
    assert (recipe["parameters"]["top_k"], recipe["parameters"]["temperature"]) == (7, 0.6)
    assert recipe["parameters"]["dry_penalty_last_n"] == recipe["context"] == 16384


def test_the_models_own_recommendation_is_used_unless_a_flag_says_otherwise(tmp_path):
    path = tiny_models.reasoning_model(tmp_path / "m.gguf", metadata={"general.sampling.top_k": 3})
    own = events(app(tmp_path, "run", "-m", path, "-p", "x", "--json", "-n", 1))[-1]["recipe"]
    flag = events(app(tmp_path, "run", "-m", path, "-p", "x", "--json", "-n", 1, "--top-k", 9))[-1]["recipe"]
    assert (own["parameters"]["top_k"], flag["parameters"]["top_k"]) == (3, 9)


def test_a_json_schema_binds_the_answer(tmp_path, smollm2_gguf):
    schema = '{"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}'
    result = app(tmp_path, "run", "-m", smollm2_gguf, "-t", 1, "-p", "Is it?", "-j", schema, "-n", 60, "-s", 1)
    assert set(json.loads(result.stdout)) == {"ok"}


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("run", "-m", "gone.gguf", "-p", "x"), 1, "There is no model file"),
        (("run", "-p", "x"), 2, "There is no model"),
        (("run", "-m", "x.gguf"), 2, "There is no prompt"),
        (("run", "-m", "x.gguf", "-p", "x", "--temp", "hot"), 2, "--temp needs a number"),
        (("run", "-m", "x.gguf", "-p", "x", "--tmep", "1"), 2, "Did you mean --temp"),
        (("run", "-m", "x.gguf", "-p", "x", "--preset", "nope"), 2, "There is no preset"),
    ],
)
def test_errors_are_sentences_on_stderr(tmp_path, arguments, status, words):
    result = app(tmp_path, *arguments)
    assert result.returncode == status
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_presets_and_models_are_listed(tmp_path, reasoning_gguf):
    models = tmp_path / "data" / "models"
    models.mkdir(parents=True)
    (models / "Tiny-Q8_0.gguf").write_bytes(reasoning_gguf.read_bytes())
    (model,) = events(app(tmp_path, "models", "--json"))
    assert (model["name"], model["quantisation"]) == ("Tiny", "Q8_0")
    presets = {event["slug"] for event in events(app(tmp_path, "presets", "--json"))}
    assert {"qwq-32b-unsloth", "qwq-32b-no-fix", "deepseek-r1", "llama-cpp-default"} <= presets
    result = app(tmp_path, "run", "-m", "tiny", "-p", "x", "--temp", 0)
    assert result.stdout.strip() == tiny_models.ANSWER.strip()


def test_a_command_loads_neither_qt_nor_services(tmp_path, reasoning_gguf):
    arguments = ["run", "-m", str(reasoning_gguf), "-p", "x", "--temp", "0", "--data-dir", str(tmp_path / "d")]
    code = (
        f"import sys; from app.__main__ import main; main({arguments!r}); "
        "sys.exit(any(n.split('.')[0] in ('PySide6', 'qasync') or n.startswith('app.services') for n in sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
