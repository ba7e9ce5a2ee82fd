"""States of a model, as the window is told of them."""

from __future__ import annotations

from pathlib import Path

from app.core.errors import ModelLoadError
from app.core.generation import LoadedModel
from app.core.model_spec import ALL_LAYERS, AppliedSpec, Device, ModelInfo, ModelSpec
from app.services.model_session import ModelState

SMOLLM = Path("/models/SmolLM2-135M-Instruct.Q4_1.gguf")
GIGABYTE = 1024**3
CPU = Device("CPU", "Ryzen 9 7950X", "cpu", int(12.3 * GIGABYTE), 24 * GIGABYTE)
GPU = Device("CUDA0", "NVIDIA H100", "gpu", 59 * GIGABYTE, 79 * GIGABYTE)


def spec_for(path: Path = SMOLLM, **settings: object) -> ModelSpec:
    return ModelSpec(path, **settings)  # type: ignore[arg-type]


def no_model_state() -> ModelState:
    return ModelState(devices=(CPU,))


def loading_state(progress: float, spec: ModelSpec | None = None) -> ModelState:
    return ModelState("loading", spec or spec_for(), progress=progress, devices=(CPU,))


def failed_state() -> ModelState:
    error = ModelLoadError("There is not enough memory.", "Close other programs.")
    return ModelState("failed", spec_for(), error=error, devices=(CPU,))


def ready_state(
    spec: ModelSpec | None = None, gpu_layers: int = 0, context: int = 4096, notes: tuple[str, ...] = ()
) -> ModelState:
    """SmolLM2 with `gpu_layers` of its 31 on the GPU."""
    spec = spec or spec_for(gpu_layers=ALL_LAYERS if gpu_layers else 0)
    applied = AppliedSpec(
        gpu_layers=gpu_layers, layers=31, context=context, threads=4, threads_batch=4, batch=2048, ubatch=512,
        cache_type_k=spec.cache_type_k, cache_type_v=spec.cache_type_v, flash_attention=True,
        kv_bytes=90 * 1024**2, notes=notes,
    )  # fmt: skip
    info = ModelInfo(SMOLLM, "Smollm2 135M", "llama 135M Q4_1", 98_362_432, 134_515_008, 30, 8192, 49152, "")
    devices = (GPU, CPU) if gpu_layers else (CPU,)
    return ModelState("ready", spec, LoadedModel(info, spec, applied, "0.3.36", 0.4), 1.0, devices=devices)
