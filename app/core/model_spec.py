"""What to load and how: requested beside applied."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

AUTO = -2
"""For `gpu_layers`: as many as fit."""
ALL_LAYERS = -1

KV_TYPES = ("f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl")
"""Cache types llama.cpp accepts, largest first. A quantised V cache needs flash attention."""

FlashAttention = Literal["auto", "on", "off"]
RopeScaling = Literal["none", "linear", "yarn"]
SplitMode = Literal["none", "layer", "row", "tensor"]
LoadMode = Literal["auto", "mmap", "none", "mlock", "mmap_mlock", "direct_io"]
OverrideValue = int | float | bool | str


@dataclass(frozen=True, slots=True)
class RopeSpec:
    """Position scaling; None takes the value from the GGUF.

    Attributes:
        scaling: How positions beyond the trained context are handled.
        scale: Context extension factor (llama.cpp's --rope-scale).
        freq_base: RoPE base frequency.
        orig_ctx: The context the model was trained with, in tokens (YaRN).
    """

    scaling: RopeScaling | None = None
    scale: float | None = None
    freq_base: float | None = None
    orig_ctx: int | None = None
    ext_factor: float | None = None
    attn_factor: float | None = None
    beta_fast: float | None = None
    beta_slow: float | None = None


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A GGUF and the settings it is loaded with.

    Attributes:
        path: The file; for a split GGUF its first part.
        gpu_layers: Layers on the GPU; `ALL_LAYERS`, `AUTO`, or a number.
        context: Context size in tokens; 0 takes the model's own.
        threads: Threads that generate; 0 chooses by the number of cores.
        threads_batch: Threads that evaluate the prompt; 0 follows `threads`.
        batch: Largest number of tokens in one decode call (n_batch).
        ubatch: Largest number of tokens computed at once (n_ubatch).
        cache_type_k, cache_type_v: One of `KV_TYPES`.
        overrides: GGUF metadata replaced at load: key -> typed value.
        loras: Adapter file and scale, applied in order.
        devices: Names of the devices to use; empty means all.
        tensor_split: Share of each device; empty lets llama.cpp decide.
        priority: Scheduling priority as llama.cpp numbers it: -1 low .. 3 realtime.
    """

    path: Path
    gpu_layers: int = AUTO
    context: int = 4096
    threads: int = 0
    threads_batch: int = 0
    batch: int = 2048
    ubatch: int = 512
    cache_type_k: str = "f16"
    cache_type_v: str = "f16"
    flash_attention: FlashAttention = "auto"
    load_mode: LoadMode = "auto"
    rope: RopeSpec = field(default_factory=RopeSpec)
    overrides: tuple[tuple[str, OverrideValue], ...] = ()
    loras: tuple[tuple[Path, float], ...] = ()
    devices: tuple[str, ...] = ()
    main_gpu: int = 0
    split_mode: SplitMode = "layer"
    tensor_split: tuple[float, ...] = ()
    priority: int = 0


@dataclass(frozen=True, slots=True)
class AppliedSpec:
    """What llama.cpp made of a `ModelSpec`, read back from the loaded model and context.

    Attributes:
        gpu_layers: Layers offloaded, out of `layers` (the output layer counted, as llama.cpp does).
        context: Context size in tokens after padding.
        flash_attention: What was used, as llama.cpp reports it.
        kv_bytes: Size of the KV cache.
        notes: Sentences about anything that differs from what was asked.
    """

    gpu_layers: int
    layers: int
    context: int
    threads: int
    threads_batch: int
    batch: int
    ubatch: int
    cache_type_k: str
    cache_type_v: str
    flash_attention: bool
    kv_bytes: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Device:
    """A place llama.cpp can compute on.

    Attributes:
        name: llama.cpp's name for it, such as "CPU" or "CUDA0".
        description: The hardware.
        kind: "cpu", "gpu", "igpu" or "accel".
        free, total: Memory in bytes; 0 where llama.cpp does not know.
    """

    name: str
    description: str
    kind: str
    free: int
    total: int


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a loaded model says of itself.

    Attributes:
        name: `general.name`, or the file's stem.
        description: llama.cpp's one-line description: architecture, size, quantisation.
        trained_context: Context the model was trained with, in tokens.
        vocabulary: Number of tokens.
        chat_template: The GGUF's own template source; "" if it has none.
        metadata: All scalar key-values, as text.
        recommended_sampling: `general.sampling.*` of the GGUF, by its short key.
    """

    path: Path
    name: str
    description: str
    file_bytes: int
    parameters: int
    layers: int
    trained_context: int
    vocabulary: int
    chat_template: str
    metadata: tuple[tuple[str, str], ...] = ()
    recommended_sampling: tuple[tuple[str, str], ...] = ()
