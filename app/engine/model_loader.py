"""From a `ModelSpec` to a loaded model with its context, and what llama.cpp made of it."""

from __future__ import annotations

import ctypes
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as binding
import psutil

from app.core.errors import AppError, ModelLoadError
from app.core.generation import ProgressCallback
from app.core.model_spec import ALL_LAYERS, AUTO, AppliedSpec, ModelInfo, ModelSpec, OverrideValue
from app.engine import native

_GIB = 1024**3
_DEVICE_MARGIN = _GIB
"""Left free on a GPU for the compute buffers and for whatever else draws there."""

_KV_TYPES = {"f32": 0, "f16": 1, "q4_0": 2, "q4_1": 3, "q5_0": 6, "q5_1": 7, "q8_0": 8, "iq4_nl": 20, "bf16": 30}
_FLASH = {"auto": -1, "off": 0, "on": 1}
_ROPE = {"none": 0, "linear": 1, "yarn": 2}
_SPLIT = {"none": 0, "layer": 1, "row": 2, "tensor": 3}
_LOAD = {"auto": -1, "none": 0, "mmap": 1, "mlock": 2, "mmap_mlock": 3, "direct_io": 4}
_OVERRIDE_TYPES: dict[type, tuple[int, str]] = {
    int: (0, "val_i64"),
    float: (1, "val_f64"),
    bool: (2, "val_bool"),
    str: (3, "val_str"),
}
_MAX_OVERRIDE = 127  # bytes; llama.cpp's buffer of 128 needs its NUL


@dataclass
class NativeModel:
    """A loaded model and its context. `close` frees both; nothing of it may be used afterwards."""

    model: object
    context: object
    adapters: tuple[object, ...]
    applied: AppliedSpec
    info: ModelInfo

    def close(self) -> None:
        """Free the context, the adapters and the model, in this order."""
        if self.context:
            binding.llama_free(self.context)
        for adapter in self.adapters:
            binding.llama_adapter_lora_free(adapter)
        if self.model:
            binding.llama_model_free(self.model)
        self.model = self.context = None
        self.adapters = ()


def load(spec: ModelSpec, progress: ProgressCallback, cancelled: threading.Event) -> NativeModel | None:
    """Load a model; None when `cancelled` was set meanwhile.

    Args:
        spec: The file and its settings.
        progress: Called on this thread with 0.0 to 1.0 as tensors arrive.
        cancelled: Looked at with each tensor.

    Raises:
        ModelLoadError: With llama.cpp's own reason where it gave one.
    """
    relay = native.initialise()
    check_file(spec.path)
    with relay.capture() as lines:
        model = _load_model(spec, progress, cancelled)
        if not model:
            if cancelled.is_set():
                return None
            raise _load_error(spec, lines)
        try:
            return _with_context(spec, model, lines)
        except BaseException:
            binding.llama_model_free(model)
            raise


def check_file(path: Path) -> None:
    """Tell a file that is no GGUF from one that is, before llama.cpp sees it.

    Raises:
        ModelLoadError: It is missing, unreadable, empty or something else.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except FileNotFoundError as error:
        hint = "It may have been moved or deleted. Choose another model, or open the file where it is now."
        raise ModelLoadError(f"There is no model file at {path}.", hint) from error
    except OSError as error:
        raise ModelLoadError(f"{path} cannot be read: {error.strerror or error}.", "Check its permissions.") from error
    if magic != b"GGUF":
        what = "is empty" if not magic else "is not a GGUF file"
        hint = "Thinkpane runs models in the GGUF format. The download may be incomplete: fetch the file again."
        raise ModelLoadError(f"{path.name} {what}.", hint)


def _load_model(spec: ModelSpec, progress: ProgressCallback, cancelled: threading.Event) -> object:
    parameters = binding.llama_model_default_params()

    def on_progress(share: float, _data: object) -> bool:
        progress(share)
        return not cancelled.is_set()

    keep_alive = _fill_model_parameters(parameters, spec)
    callback = binding.llama_progress_callback(on_progress)
    parameters.progress_callback = callback
    model = binding.llama_model_load_from_file(os.fsencode(spec.path), parameters)
    del keep_alive, callback  # llama.cpp copies what it needs while loading, and only then
    return model


def _fill_model_parameters(parameters: ctypes.Structure, spec: ModelSpec) -> list[object]:
    """Set the fields; returns the arrays that must live until the model is loaded."""
    parameters.n_gpu_layers = resolve_gpu_layers(spec)
    parameters.split_mode = _SPLIT[spec.split_mode]
    parameters.main_gpu = spec.main_gpu
    parameters.load_mode = _LOAD[spec.load_mode]
    keep: list[object] = []
    if spec.tensor_split:
        shares = (ctypes.c_float * binding.LLAMA_MAX_DEVICES)(*spec.tensor_split[: binding.LLAMA_MAX_DEVICES])
        parameters.tensor_split = shares
        keep.append(shares)
    if spec.overrides:
        overrides = _overrides(spec.overrides)
        parameters.kv_overrides = overrides
        keep.append(overrides)
    if spec.devices:
        try:
            pointers = native.device_pointers(spec.devices)
        except KeyError as error:
            known = ", ".join(device.name for device in native.devices())
            raise ModelLoadError(f"There is no device {error.args[0]}.", f"Devices here: {known}.") from error
        parameters.devices = ctypes.cast(pointers, ctypes.c_void_p)
        keep.append(pointers)
    return keep


def _overrides(overrides: tuple[tuple[str, OverrideValue], ...]) -> Any:
    rows = (binding.llama_model_kv_override * (len(overrides) + 1))()
    for row, (key, value) in zip(rows, overrides, strict=False):
        tag, field = _OVERRIDE_TYPES[type(value)]
        encoded = value.encode() if isinstance(value, str) else value
        too_long = len(key.encode()) > _MAX_OVERRIDE or (isinstance(encoded, bytes) and len(encoded) > _MAX_OVERRIDE)
        if too_long:
            raise ModelLoadError(f"The override of {key[:40]} is too long.", f"At most {_MAX_OVERRIDE} bytes fit.")
        row.key, row.tag = key.encode(), tag
        setattr(row.value, field, encoded)
    return rows


def resolve_gpu_layers(spec: ModelSpec) -> int:
    """Layers to ask llama.cpp for: what the spec says, or for `AUTO` an estimate of what fits.

    The estimate takes layers as equal parts of the file and leaves `_DEVICE_MARGIN` and a share for the
    KV cache free. Without a GPU it is 0.
    """
    if spec.gpu_layers != AUTO:
        return spec.gpu_layers
    free = sum(device.free for device in native.devices() if device.kind in ("gpu", "igpu"))
    room = free - _DEVICE_MARGIN
    size = spec.path.stat().st_size
    if room <= 0:
        return 0
    needed = size * 1.15
    return ALL_LAYERS if needed <= room else int(_layers_guess(spec.path) * room / needed)


def _layers_guess(path: Path) -> int:
    model = _vocabulary_free_model(path)
    if not model:
        return 0
    layers = int(binding.llama_model_n_layer(model))
    binding.llama_model_free(model)
    return layers


def _vocabulary_free_model(path: Path) -> object:
    parameters = binding.llama_model_default_params()
    parameters.no_alloc = True
    parameters.load_mode = _LOAD["none"]
    return binding.llama_model_load_from_file(os.fsencode(path), parameters)


def _with_context(spec: ModelSpec, model: object, lines: list[str]) -> NativeModel:
    loading = len(lines)
    context = binding.llama_init_from_model(model, _context_parameters(spec, model))
    if not context:
        raise _context_error(spec, lines[loading:])
    try:
        adapters = _load_adapters(spec, model, context)
    except BaseException:
        binding.llama_free(context)
        raise
    applied = _applied(spec, model, context, lines)
    return NativeModel(model, context, adapters, applied, read_info(spec.path, model))


def _context_parameters(spec: ModelSpec, model: object) -> Any:
    parameters = binding.llama_context_default_params()
    trained = binding.llama_model_n_ctx_train(model)
    parameters.n_ctx = spec.context or trained
    parameters.n_batch = spec.batch
    parameters.n_ubatch = min(spec.ubatch, spec.batch)
    threads = spec.threads if spec.threads > 0 else default_threads()
    parameters.n_threads = threads
    parameters.n_threads_batch = spec.threads_batch if spec.threads_batch > 0 else threads
    parameters.flash_attn_type = _FLASH[spec.flash_attention]
    parameters.type_k = _KV_TYPES[spec.cache_type_k]
    parameters.type_v = _KV_TYPES[spec.cache_type_v]
    parameters.swa_full = False
    parameters.no_perf = True
    _fill_rope(parameters, spec)
    return parameters


def _fill_rope(parameters: ctypes.Structure, spec: ModelSpec) -> None:
    rope = spec.rope
    if rope.scaling is not None:
        parameters.rope_scaling_type = _ROPE[rope.scaling]
    values = {
        "rope_freq_base": rope.freq_base,
        "rope_freq_scale": 1.0 / rope.scale if rope.scale else None,
        "yarn_orig_ctx": rope.orig_ctx,
        "yarn_ext_factor": rope.ext_factor,
        "yarn_attn_factor": rope.attn_factor,
        "yarn_beta_fast": rope.beta_fast,
        "yarn_beta_slow": rope.beta_slow,
    }
    for name, value in values.items():
        if value is not None:
            setattr(parameters, name, value)


def default_threads() -> int:
    """Physical cores, but no more than this process may use; hyper-threads do not help llama.cpp."""
    physical = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else physical
    return max(1, min(physical, allowed))


def _load_adapters(spec: ModelSpec, model: object, context: object) -> tuple[object, ...]:
    adapters: list[object] = []
    for path, _scale in spec.loras:
        # A pointer from ctypes is never None, only falsy: the check must be by truth.
        adapter = binding.llama_adapter_lora_init(model, os.fsencode(path)) if path.is_file() else None
        if not adapter:
            for loaded in adapters:
                binding.llama_adapter_lora_free(loaded)
            raise ModelLoadError(f"{path} is not a LoRA adapter for this model.", "Check the file, or leave it out.")
        adapters.append(adapter)
    if adapters:
        array = (binding.llama_adapter_lora_p_ctypes * len(adapters))(*adapters)
        scales = (ctypes.c_float * len(adapters))(*(scale for _path, scale in spec.loras))
        binding.llama_set_adapters_lora(context, array, len(adapters), scales)
    return tuple(adapters)


def _applied(spec: ModelSpec, model: object, context: object, lines: list[str]) -> AppliedSpec:
    log = "\n".join(lines)
    # A build with RPC tells of offloading also where there is no device to offload to.
    has_gpu = any(device.kind in ("gpu", "igpu") for device in native.devices())
    offloaded = re.search(r"offloaded (\d+)/(\d+) layers", log)
    layers = int(offloaded[2]) if offloaded else binding.llama_model_n_layer(model) + 1
    kv_mib = sum(float(size) for size in re.findall(r"llama_kv_cache\w*: size = +([\d.]+) MiB", log))
    return AppliedSpec(
        gpu_layers=int(offloaded[1]) if offloaded and has_gpu else 0,
        layers=layers,
        context=binding.llama_n_ctx(context),
        threads=binding.llama_n_threads(context),
        threads_batch=binding.llama_n_threads_batch(context),
        batch=binding.llama_n_batch(context),
        ubatch=binding.llama_n_ubatch(context),
        cache_type_k=spec.cache_type_k,
        cache_type_v=spec.cache_type_v,
        flash_attention=_flash_applied(spec, log),
        kv_bytes=int(kv_mib * 1024**2),
        notes=tuple(_notes(spec, model, context, has_gpu)),
    )


def _flash_applied(spec: ModelSpec, log: str) -> bool:
    if spec.flash_attention == "off" or "Flash Attention not supported" in log or "forcing off" in log:
        return False
    return spec.flash_attention == "on" or "Flash Attention enabled" in log or "enabling flash_attn" in log


def _notes(spec: ModelSpec, model: object, context: object, has_gpu: bool) -> Iterator[str]:
    trained, size = binding.llama_model_n_ctx_train(model), binding.llama_n_ctx(context)
    if size > trained and spec.rope.scaling is None:
        yield f"The context of {size:,} is more than the {trained:,} tokens the model was trained with."
    if spec.context and size != spec.context:
        yield f"The context was rounded up from {spec.context:,} to {size:,}."
    if spec.gpu_layers not in (0, AUTO) and not has_gpu:
        yield "No GPU is available to this build of llama.cpp: everything runs on the CPU."


def _load_error(spec: ModelSpec, lines: list[str]) -> ModelLoadError:
    reason = _reason(lines)
    if "memory" in reason.lower() or "allocate" in reason.lower():
        return ModelLoadError(
            f"There is not enough memory to load {spec.path.name}: {reason}",
            "Close other programs, choose a smaller quantisation, or put fewer layers on the GPU.",
        )
    return ModelLoadError(
        f"llama.cpp cannot load {spec.path.name}: {reason or 'it gave no reason.'}",
        "The file may be damaged or incomplete, or need a newer llama.cpp. Fetch it again or choose another model.",
    )


def _context_error(spec: ModelSpec, lines: list[str]) -> AppError:
    reason = _reason(lines)
    if "quantized V cache" in reason:
        return ModelLoadError(
            f"A V cache of type {spec.cache_type_v} needs flash attention.",
            "Turn flash attention on, or choose f16 for the V cache.",
        )
    return ModelLoadError(
        f"A context of {spec.context:,} tokens cannot be made: {reason or 'llama.cpp gave no reason.'}",
        "Choose a smaller context or a smaller KV cache type such as q8_0.",
    )


_FAULT = re.compile(r"error|fail|invalid|missing|requires|unknown|not within|unable|corrupt", re.IGNORECASE)

_DUMP = re.compile(r"llama_model_loader: - |print_info: |llama_context: ")
"""What llama.cpp lists of every model; its keys and values prove nothing."""


def _reason(lines: list[str]) -> str:
    """The most telling line of llama.cpp's log: the first that names a fault, without its function."""
    faults = [line for line in lines if _FAULT.search(line) and not _DUMP.match(line)]
    if not faults:
        return ""
    text = re.sub(r"^\w+: ?(error: ?)?", "", faults[0]).strip()
    text = re.sub(r"^error loading model: ", "", text)
    return text[:300].rstrip(".") + "."


def read_info(path: Path, model: object) -> ModelInfo:
    """What the model says of itself, read from llama.cpp."""
    metadata = dict(_metadata(model))
    template = binding.llama_model_chat_template(model, None)
    prefix = "general.sampling."
    return ModelInfo(
        path=path,
        name=metadata.get("general.name") or path.stem,
        description=_text(binding.llama_model_desc, model),
        file_bytes=path.stat().st_size,
        parameters=int(binding.llama_model_n_params(model)),
        layers=int(binding.llama_model_n_layer(model)),
        trained_context=int(binding.llama_model_n_ctx_train(model)),
        vocabulary=int(binding.llama_vocab_n_tokens(binding.llama_model_get_vocab(model))),
        chat_template=template.decode("utf-8", "replace") if template else "",
        metadata=tuple(metadata.items()),
        recommended_sampling=tuple(
            (key.removeprefix(prefix), value) for key, value in metadata.items() if key.startswith(prefix)
        ),
    )


def _metadata(model: object) -> Iterator[tuple[str, str]]:
    for index in range(binding.llama_model_meta_count(model)):
        key = _text(binding.llama_model_meta_key_by_index, model, index)
        if not key.startswith("tokenizer.chat_template"):
            yield key, _text(binding.llama_model_meta_val_str_by_index, model, index)


def _text(function: object, *arguments: object, size: int = 512) -> str:
    buffer = ctypes.create_string_buffer(size)
    function(*arguments, buffer, size)  # type: ignore[operator]
    return buffer.value.decode("utf-8", "replace")
