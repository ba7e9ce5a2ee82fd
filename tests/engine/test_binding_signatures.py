"""The engine calls llama.cpp through ctypes, which believes whatever signature it is told.

A release that moves an argument or a struct field would crash or, worse, sample something else. So
the release is pinned, and this is what the pinned one looks like. When it is raised, read llama.h's
changes, mend the engine, then this table.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import llama_cpp
import llama_cpp.llama_cpp as binding
import pytest

ENGINE = Path(__file__).parents[2] / "app" / "engine"

VERSION = "0.3.36"

SIGNATURES = {
    "llama_adapter_lora_free": "(ptr*) -> void",
    "llama_adapter_lora_init": "(ptr, text) -> ptr*",
    "llama_backend_init": "() -> void",
    "llama_batch_free": "(llama_batch) -> void",
    "llama_batch_init": "(i32, i32, i32) -> llama_batch",
    "llama_context_default_params": "() -> llama_context_params",
    "llama_decode": "(ptr, llama_batch) -> i32",
    "llama_free": "(ptr) -> void",
    "llama_get_logits_ith": "(ptr, i32) -> f32*",
    "llama_get_memory": "(ptr) -> ptr",
    "llama_get_model": "(ptr) -> ptr",
    "llama_init_from_model": "(ptr, llama_context_params) -> ptr",
    "llama_log_set": "(callback, ptr) -> void",
    "llama_memory_can_shift": "(ptr) -> bool",
    "llama_memory_clear": "(ptr, bool) -> void",
    "llama_memory_seq_add": "(ptr, i32, i32, i32, i32) -> void",
    "llama_memory_seq_cp": "(ptr, i32, i32, i32, i32) -> void",
    "llama_memory_seq_pos_max": "(ptr, i32) -> i32",
    "llama_memory_seq_pos_min": "(ptr, i32) -> i32",
    "llama_memory_seq_rm": "(ptr, i32, i32, i32) -> bool",
    "llama_model_chat_template": "(ptr, text) -> text",
    "llama_model_default_params": "() -> llama_model_params",
    "llama_model_desc": "(ptr, text, u64) -> i32",
    "llama_model_free": "(ptr) -> void",
    "llama_model_get_vocab": "(ptr) -> ptr",
    "llama_model_load_from_file": "(text, llama_model_params) -> ptr",
    "llama_model_meta_count": "(ptr) -> i32",
    "llama_model_meta_key_by_index": "(ptr, i32, text, u64) -> i32",
    "llama_model_meta_val_str_by_index": "(ptr, i32, text, u64) -> i32",
    "llama_model_n_ctx_train": "(ptr) -> i32",
    "llama_model_n_layer": "(ptr) -> i32",
    "llama_model_n_params": "(ptr) -> u64",
    "llama_model_n_swa": "(ptr) -> i32",
    "llama_n_batch": "(ptr) -> u32",
    "llama_n_ctx": "(ptr) -> u32",
    "llama_n_threads": "(ptr) -> i32",
    "llama_n_threads_batch": "(ptr) -> i32",
    "llama_n_ubatch": "(ptr) -> u32",
    "llama_print_system_info": "() -> text",
    "llama_sampler_accept": "(llama_sampler*, i32) -> void",
    "llama_sampler_apply": "(llama_sampler*, llama_token_data_array*) -> void",
    "llama_sampler_chain_add": "(llama_sampler*, llama_sampler*) -> void",
    "llama_sampler_chain_default_params": "() -> llama_sampler_chain_params",
    "llama_sampler_chain_get": "(llama_sampler*, i32) -> llama_sampler*",
    "llama_sampler_chain_init": "(llama_sampler_chain_params) -> llama_sampler*",
    "llama_sampler_chain_n": "(llama_sampler*) -> i32",
    "llama_sampler_chain_remove": "(llama_sampler*, i32) -> llama_sampler*",
    "llama_sampler_clone": "(llama_sampler*) -> llama_sampler*",
    "llama_sampler_free": "(llama_sampler*) -> void",
    "llama_sampler_init_adaptive_p": "(f32, f32, u32) -> llama_sampler*",
    "llama_sampler_init_dist": "(u32) -> llama_sampler*",
    "llama_sampler_init_dry": "(ptr, f32, f32, i32, i32, text*, u64) -> llama_sampler*",
    "llama_sampler_init_grammar": "(ptr, text, text) -> llama_sampler*",
    "llama_sampler_init_greedy": "() -> llama_sampler*",
    "llama_sampler_init_infill": "(ptr) -> llama_sampler*",
    "llama_sampler_init_logit_bias": "(i32, i32, llama_logit_bias*) -> llama_sampler*",
    "llama_sampler_init_min_p": "(f32, u64) -> llama_sampler*",
    "llama_sampler_init_mirostat": "(i32, u32, f32, f32, i32) -> llama_sampler*",
    "llama_sampler_init_mirostat_v2": "(u32, f32, f32) -> llama_sampler*",
    "llama_sampler_init_penalties": "(i32, i32, f32, f32, f32) -> llama_sampler*",
    "llama_sampler_init_temp": "(f32) -> llama_sampler*",
    "llama_sampler_init_temp_ext": "(f32, f32, f32) -> llama_sampler*",
    "llama_sampler_init_top_k": "(i32) -> llama_sampler*",
    "llama_sampler_init_top_n_sigma": "(f32) -> llama_sampler*",
    "llama_sampler_init_top_p": "(f32, u64) -> llama_sampler*",
    "llama_sampler_init_typical": "(f32, u64) -> llama_sampler*",
    "llama_sampler_init_xtc": "(f32, f32, u64, u32) -> llama_sampler*",
    "llama_sampler_name": "(llama_sampler*) -> text",
    "llama_sampler_reset": "(llama_sampler*) -> void",
    "llama_sampler_sample": "(llama_sampler*, ptr, i32) -> i32",
    "llama_set_abort_callback": "(ptr, callback, ptr) -> void",
    "llama_set_adapters_lora": "(ptr, ptr**, u64, f32*) -> i32",
    "llama_token_to_piece": "(ptr, i32, text, i32, i32, bool) -> i32",
    "llama_tokenize": "(ptr, text, i32, i32*, i32, bool, bool) -> i32",
    "llama_vocab_bos": "(ptr) -> i32",
    "llama_vocab_eos": "(ptr) -> i32",
    "llama_vocab_get_add_bos": "(ptr) -> bool",
    "llama_vocab_get_attr": "(ptr, i32) -> i32",
    "llama_vocab_is_eog": "(ptr, i32) -> bool",
    "llama_vocab_n_tokens": "(ptr) -> i32",
}

CALLBACKS = {
    "llama_progress_callback": "(f32, ptr) -> bool",
    "llama_log_callback": "(i32, text, ptr) -> void",
    "ggml_abort_callback": "(ptr) -> bool",
}

STRUCTS = {
    "llama_model_params": (
        80,
        "devices tensor_buft_overrides n_gpu_layers split_mode load_mode lazy_mode main_gpu tensor_split "
        "progress_callback progress_callback_user_data kv_overrides vocab_only check_tensors use_extra_bufts "
        "no_host no_alloc load_mtp",
    ),
    "llama_context_params": (
        160,
        "n_ctx n_batch n_ubatch n_seq_max n_rs_seq n_outputs_max n_outputs_max_per_seq n_threads n_threads_batch "
        "ctx_type rope_scaling_type pooling_type attention_type flash_attn_type rope_freq_base rope_freq_scale "
        "yarn_ext_factor yarn_attn_factor yarn_beta_fast yarn_beta_slow yarn_orig_ctx defrag_thold cb_eval "
        "cb_eval_user_data type_k type_v abort_callback abort_callback_data embeddings offload_kqv no_perf "
        "op_offload swa_full kv_unified samplers n_samplers ctx_other",
    ),
    "llama_batch": (56, "n_tokens token embd pos n_seq_id seq_id logits"),
    "llama_token_data": (12, "id logit p"),
    "llama_token_data_array": (32, "data size selected sorted"),
    "llama_logit_bias": (8, "token bias"),
    "llama_model_kv_override": (264, "tag key value"),
    "llama_sampler_chain_params": (1, "no_perf"),
}

UNDECLARED = (
    "ggml_backend_dev_by_name",
    "ggml_backend_dev_count",
    "ggml_backend_dev_description",
    "ggml_backend_dev_get",
    "ggml_backend_dev_memory",
    "ggml_backend_dev_name",
    "ggml_backend_dev_type",
    "ggml_backend_load_all_from_path",
    "ggml_backend_register",
    "ggml_set_abort_callback",
    "ggml_threadpool_free",
    "ggml_threadpool_new",
    "ggml_threadpool_params_default",
    "llama_attach_threadpool",
    "llama_detach_threadpool",
    "llama_vocab_get_suppress_tokens",
)
"""What the binding does not declare and libllama's own handle resolves all the same."""

_NAMES = {
    None: "void",
    ctypes.c_bool: "bool",
    ctypes.c_char_p: "text",
    ctypes.c_void_p: "ptr",
    ctypes.c_float: "f32",
    ctypes.c_int32: "i32",
    ctypes.c_uint32: "u32",
    ctypes.c_uint64: "u64",
    ctypes.c_size_t: "u64",
}


def test_the_binding_is_the_pinned_release() -> None:
    assert llama_cpp.__version__ == VERSION


@pytest.mark.parametrize("name", SIGNATURES)
def test_function_takes_and_returns_what_the_engine_expects(name: str) -> None:
    function = getattr(binding, name)
    assert _signature(function.argtypes or (), function.restype) == SIGNATURES[name]


@pytest.mark.parametrize("name", CALLBACKS)
def test_callback_takes_and_returns_what_the_engine_expects(name: str) -> None:
    callback = getattr(binding, name)
    assert _signature(callback._argtypes_, callback._restype_) == CALLBACKS[name]


@pytest.mark.parametrize("name", STRUCTS)
def test_struct_has_the_expected_size_and_fields(name: str) -> None:
    struct = getattr(binding, name)
    size, fields = STRUCTS[name]
    assert (ctypes.sizeof(struct), [field[0] for field in struct._fields_]) == (size, fields.split())


def test_default_parameters_are_sane_so_the_layout_matches_the_library() -> None:
    """A shifted field would show as another number: the library fills the struct, ctypes reads it."""
    model, context = binding.llama_model_default_params(), binding.llama_context_default_params()
    assert (model.n_gpu_layers, model.load_mode, model.main_gpu) == (-1, -1, 0)
    assert (model.vocab_only, model.check_tensors, model.use_extra_bufts, model.no_alloc) == (0, 0, 1, 0)
    assert (context.n_ctx, context.n_batch, context.n_ubatch, context.n_seq_max) == (512, 2048, 512, 1)
    assert (context.rope_scaling_type, context.flash_attn_type) == (-1, -1)
    assert (context.type_k, context.type_v, context.offload_kqv, context.kv_unified) == (1, 1, 1, 0)


@pytest.mark.parametrize("name", UNDECLARED)
def test_undeclared_function_resolves(name: str) -> None:
    assert binding._lib[name]


def test_every_function_the_engine_calls_is_guarded_here() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted(ENGINE.glob("*.py")))
    called = {name for name in re.findall(r"binding\.(\w+)", source) if _is_function(name)}
    undeclared = set(re.findall(r"(?:_lib\[|_ggml\()\"(\w+)\"", source))
    assert called - SIGNATURES.keys() == set()
    assert undeclared - set(UNDECLARED) == set()


def _is_function(name: str) -> bool:
    thing = getattr(binding, name, None)
    return isinstance(thing, ctypes._CFuncPtr)


def _signature(arguments: Iterable[Any], result: Any) -> str:
    return f"({', '.join(_type_name(argument) for argument in arguments)}) -> {_type_name(result)}"


def _type_name(kind: Any) -> str:
    if kind in _NAMES:
        return _NAMES[kind]
    if issubclass(kind, ctypes._Pointer):
        return f"{_type_name(kind._type_)}*"
    return "callback" if issubclass(kind, ctypes._CFuncPtr) else kind.__name__
