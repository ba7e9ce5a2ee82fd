"""The model in words, the same wherever the window speaks of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.core.model_spec import ALL_LAYERS, AUTO, AppliedSpec, Device, ModelSpec
from app.library.model_index import ModelFile
from app.services.model_session import ModelState
from app.ui.quantities import memory_share_text


def model_name(path: Path) -> str:
    """The file's name without its quantisation: what people call the model.

    `general.name` of a GGUF is not used: it is often a training run's name.
    """
    return ModelFile(path, 0).name


def quantisation(path: Path) -> str:
    """Such as "Q4_K_M"; "" where the file's name does not tell."""
    return ModelFile(path, 0).quantisation


def placement(applied: AppliedSpec) -> str:
    """Where the model runs."""
    if applied.gpu_layers <= 0:
        return "on the CPU"
    return f"{applied.gpu_layers}/{applied.layers} layers on GPU"


def state_detail(state: ModelState) -> str:
    """What is to be said about a model beside its name."""
    if state.phase == "loading":
        return f"Loading {state.progress:.0%}".replace("%", " %")
    if state.phase == "failed":
        return "did not load"
    if state.requested is None or state.loaded is None:
        return ""
    words = (quantisation(state.requested.path), placement(state.loaded.applied))
    return " · ".join(word for word in words if word)


def device_memory(device: Device) -> str:
    """A device's free memory: "12.3 of 24 GB free"; "" where llama.cpp does not know."""
    return f"{memory_share_text(device.free, device.total)} free" if device.total else ""


def device_memory_taken(devices: Sequence[Device]) -> str:
    """How much memory of some devices is in use: "20.1 of 79 GB"; "" where llama.cpp does not know."""
    total = sum(device.total for device in devices)
    return memory_share_text(total - sum(device.free for device in devices), total) if total else ""


def requested_rows(spec: ModelSpec, applied: AppliedSpec) -> tuple[tuple[str, str, str, bool], ...]:
    """Requested beside applied: name, both values, and whether the second is not what was asked for.

    A choice left to llama.cpp, such as "auto", is met by whatever was applied.
    """
    layers = {AUTO: "auto", ALL_LAYERS: "all"}.get(spec.gpu_layers, f"{spec.gpu_layers:,}")
    wanted_layers = applied.layers if spec.gpu_layers == ALL_LAYERS else min(spec.gpu_layers, applied.layers)
    flash = {True: "on", False: "off"}[applied.flash_attention]
    return (
        (
            "GPU layers",
            layers,
            f"{applied.gpu_layers:,} of {applied.layers:,}",
            spec.gpu_layers != AUTO and applied.gpu_layers != wanted_layers,
        ),
        (
            "Context",
            f"{spec.context:,}" if spec.context else "all",
            f"{applied.context:,}",
            bool(spec.context) and applied.context != spec.context,
        ),
        (
            "Threads",
            f"{spec.threads}" if spec.threads else "auto",
            f"{applied.threads}",
            bool(spec.threads) and applied.threads != spec.threads,
        ),
        _same_or_not("K cache", spec.cache_type_k, applied.cache_type_k),
        _same_or_not("V cache", spec.cache_type_v, applied.cache_type_v),
        ("Flash attention", spec.flash_attention, flash, spec.flash_attention not in ("auto", flash)),
    )


def _same_or_not(name: str, requested: str, applied: str) -> tuple[str, str, str, bool]:
    return name, requested, applied, requested != applied
