"""`app run`: one completion without a window, with llama.cpp's own flag names."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType

from app.cli.run_help import HELP
from app.cli.run_output import JsonOutput, Output, TextOutput
from app.core.command_line import RunArguments, apply_recommended, parse_llama_flags
from app.core.errors import AppError, UsageError
from app.core.generation import ChatMessage, Finished, FinishReason, GenerationRequest
from app.core.presets import Preset, find_preset
from app.engine.json_schema import grammar_from_schema
from app.engine.llama_engine import LlamaEngine
from app.engine.template_check import TemplateChecker
from app.library.model_hash import ModelHashes
from app.library.model_index import find_models, named_model
from app.logs import open_log
from app.paths import Paths, paths_for
from app.store.preset_store import PresetStore

_MAX_FILE = 16 << 20  # bytes of a prompt, grammar or template file


def run(argv: Sequence[str]) -> int:
    """Do one completion; returns the exit status."""
    if not argv or any(word in ("-h", "--help", "--usage") for word in argv):
        print(HELP)
        return 0 if argv else 2
    arguments = parse_llama_flags(argv)
    paths = paths_for(arguments.data_dir)
    if arguments.preset:
        arguments = parse_llama_flags(argv, _preset(arguments.preset, paths))
    output: Output = JsonOutput() if arguments.json else TextOutput()
    prompt = _prompt(arguments)
    model = _model_path(arguments, paths)
    paths.ensure()
    open_log(paths.logs)
    engine = LlamaEngine(TemplateChecker(paths.cache / "checked-templates.json"))
    cancelled = threading.Event()
    with _interrupt_sets(cancelled):
        try:
            return _complete(engine, arguments, prompt, model, paths, output, cancelled)
        finally:
            engine.close()


def _complete(
    engine: LlamaEngine,
    arguments: RunArguments,
    prompt: str,
    model: Path,
    paths: Paths,
    output: Output,
    cancelled: threading.Event,
) -> int:
    loaded = engine.load(replace(arguments.spec, path=model), output.load_progress, cancelled)
    if loaded is None:
        return 130
    arguments = apply_recommended(arguments, dict(loaded.info.recommended_sampling))
    arguments = _with_grammar(arguments)
    output.loaded(loaded)
    notes = [*arguments.notes, *loaded.applied.notes, *map(str, arguments.warnings()), *_not_yet(arguments)]
    for note in notes:
        output.note(note)
    sha256 = ModelHashes(paths.cache / "model-hashes.json").compute(model, cancelled)
    request = _request(arguments, prompt, sha256, cancelled)
    return _generate(engine, request, output)


def _generate(engine: LlamaEngine, request: GenerationRequest, output: Output) -> int:
    finished: Finished | None = None
    try:
        for event in engine.generate(request):
            output.event(event)
            if isinstance(event, Finished):
                finished = event
    except AppError as error:
        output.failed(error)
        raise
    assert finished is not None
    return 130 if finished.reason is FinishReason.CANCELLED else 0


def _request(arguments: RunArguments, prompt: str, sha256: str, cancelled: threading.Event) -> GenerationRequest:
    system = arguments.system_prompt
    if arguments.system_prompt_file is not None:
        system = _read(arguments.system_prompt_file, "system prompt")
    messages = [ChatMessage("user", prompt)]
    if system:
        messages.insert(0, ChatMessage("system", system))
    template = arguments.chat_template
    if arguments.chat_template_file is not None:
        template = _read(arguments.chat_template_file, "chat template")
    return GenerationRequest(
        messages=tuple(messages),
        raw_prompt=None if arguments.conversation else prompt,
        chain=arguments.chain,
        max_tokens=arguments.max_tokens,
        thinking="off" if arguments.reasoning_budget == 0 else arguments.thinking,
        stop=arguments.reverse_prompts,
        template=template or None,
        ignore_eos=arguments.ignore_eos,
        model_sha256=sha256,
        cancelled=cancelled,
    )


def _prompt(arguments: RunArguments) -> str:
    if arguments.prompt_file is not None:
        return arguments.prompt_from(_read(arguments.prompt_file, "prompt"))
    if arguments.prompt is None:
        raise UsageError("There is no prompt.", "Give one with --prompt TEXT or --file FILE.")
    return arguments.prompt


def _with_grammar(arguments: RunArguments) -> RunArguments:
    schema = arguments.json_schema
    if arguments.json_schema_file is not None:
        schema = _read(arguments.json_schema_file, "JSON schema")
    if schema:
        grammar = grammar_from_schema(schema)
    elif arguments.grammar_file is not None:
        grammar = _read(arguments.grammar_file, "grammar")
    else:
        return arguments
    return replace(arguments, chain=arguments.chain.with_values(grammar=grammar))


def _not_yet(arguments: RunArguments) -> list[str]:
    """Flags that are understood and do nothing in this version; silence would be a lie."""
    notes = []
    if arguments.reasoning_budget > 0:
        notes.append("A thinking budget is not kept by this version: only 0 (no thinking) and -1 (no limit) work.")
    if arguments.spec.priority:
        notes.append("The priority of the process stays as it is in this version.")
    if arguments.trace:
        notes.append("This version records no trace.")
    return notes


def _preset(name: str, paths: Paths) -> Preset:
    presets, _faults = PresetStore(paths.bundled_presets, paths.user_presets).list()
    return find_preset(presets, name)


def _model_path(arguments: RunArguments, paths: Paths) -> Path:
    if arguments.model:
        return named_model(arguments.model, find_models((paths.models,)))
    if arguments.hf_repo:
        raise UsageError("This version does not download models.", "Give a file with --model FILE.gguf.")
    raise UsageError("There is no model.", "Give one with --model FILE.gguf.")


def _read(path: Path, what: str) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE + 1)
    except OSError as error:
        raise AppError(f"The {what} file {path} cannot be read: {error.strerror or error}.") from error
    if len(data) > _MAX_FILE:
        raise AppError(f"The {what} file {path} is too large.", f"At most {_MAX_FILE >> 20} MB are read.")
    return data.decode("utf-8", "replace")


class _interrupt_sets:  # noqa: N801
    """Ctrl+C stops the answer, which is then told like any other end; a second one kills."""

    def __init__(self, cancelled: threading.Event) -> None:
        self._cancelled = cancelled

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGINT, self._on_interrupt)

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _on_interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if self._cancelled.is_set():
            raise KeyboardInterrupt
        self._cancelled.set()
