"""The flags of a run: llama.cpp's names for each, how its value is read, where it goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, get_args

from app.core import flag_actions as to
from app.core import flag_values as read
from app.core.flag_actions import Action
from app.core.model_spec import KV_TYPES, RopeScaling, SplitMode


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag under all its names. `repeats` means that each use adds to those before."""

    names: tuple[str, ...]
    action: Action
    repeats: bool = False


_TABLE: tuple[tuple[str, Action], ...] = (
    ("-m --model", to.put("run", "model", read.text)),
    ("-hf -hfr --hf-repo", to.put("run", "hf_repo", read.text)),
    ("-hff --hf-file", to.put("run", "hf_file", read.text)),
    ("-p --prompt", to.put_only("prompt", to.PROMPTS, read.text)),
    ("-f --file", to.put_only("prompt_file", to.PROMPTS, read.path)),
    ("-bf --binary-file", to.binary_prompt),
    ("-sys --system-prompt", to.put_only("system_prompt", to.SYSTEM_PROMPTS, read.text)),
    ("-sysf --system-prompt-file", to.put_only("system_prompt_file", to.SYSTEM_PROMPTS, read.path)),
    ("-e --escape", to.switch("escape", True)),
    ("--no-escape -no-escape", to.switch("escape", False)),
    ("-cnv --conversation", to.switch("conversation", True)),
    ("-no-cnv --no-conversation", to.switch("conversation", False)),
    ("-n --predict --n-predict", to.max_tokens),
    ("--ignore-eos", to.switch("ignore_eos", True)),
    ("--chat-template", to.template),
    ("--chat-template-file", to.put_only("chat_template_file", to.TEMPLATES, read.path)),
    ("--chat-template-kwargs", to.template_arguments),
    ("-rea --reasoning", to.reasoning),
    ("--reasoning-budget", to.put("run", "reasoning_budget", read.whole_between(-1))),
    ("--reasoning-budget-message", to.put("run", "reasoning_budget_message", read.text)),
    ("--grammar", to.put_only("grammar", to.CONSTRAINTS, read.text)),
    ("--grammar-file", to.put_only("grammar_file", to.CONSTRAINTS, read.path)),
    ("-j --json-schema", to.put_only("json_schema", to.CONSTRAINTS, read.text)),
    ("-jf --json-schema-file", to.put_only("json_schema_file", to.CONSTRAINTS, read.path)),
    # Ours.
    ("--preset", to.put("run", "preset", read.text)),
    ("--thinking", to.put("run", "thinking", read.one_of(("on", "off", "template")))),
    ("--data-dir", to.put("run", "data_dir", read.path)),
    ("--trace", to.switch("trace", True)),
    ("--json", to.switch("json", True)),
    ("-h --help --usage", to.switch("help", True)),
    # Loading.
    ("-c --ctx-size", to.put("spec", "context", read.whole_between(0))),
    ("-t --threads", to.put("spec", "threads", read.thread_count)),
    ("-tb --threads-batch", to.put("spec", "threads_batch", read.thread_count)),
    ("-b --batch-size", to.put("spec", "batch", read.whole_between(1))),
    ("-ub --ubatch-size", to.put("spec", "ubatch", read.whole_between(1))),
    ("-ngl --gpu-layers --n-gpu-layers", to.put("spec", "gpu_layers", read.gpu_layers)),
    ("-fa --flash-attn", to.put("spec", "flash_attention", read.on_off_auto)),
    ("-ctk --cache-type-k", to.put("spec", "cache_type_k", read.one_of(KV_TYPES))),
    ("-ctv --cache-type-v", to.put("spec", "cache_type_v", read.one_of(KV_TYPES))),
    ("--prio", to.put("spec", "priority", read.whole_between(-1, 3))),
    ("-lm --load-mode", to.load_mode),
    ("--mmap", to.memory(mmap=True)),
    ("--no-mmap", to.memory(mmap=False)),
    ("--mlock", to.memory(mlock=True)),
    ("-dio --direct-io", to.direct_io),
    ("-dev --device", to.put("spec", "devices", read.names)),
    ("-mg --main-gpu", to.put("spec", "main_gpu", read.whole_between(0))),
    ("-sm --split-mode", to.put("spec", "split_mode", read.one_of(get_args(SplitMode)))),
    ("-ts --tensor-split", to.put("spec", "tensor_split", read.shares)),
    ("--rope-scaling", to.put("rope", "scaling", read.one_of(get_args(RopeScaling)))),
    ("--rope-scale", to.put("rope", "scale", read.positive_number)),
    ("--rope-freq-scale", to.rope_freq_scale),
    ("--rope-freq-base", to.put("rope", "freq_base", read.number)),
    ("--yarn-orig-ctx", to.put("rope", "orig_ctx", read.whole_between(0))),
    ("--yarn-ext-factor", to.put("rope", "ext_factor", read.number)),
    ("--yarn-attn-factor", to.put("rope", "attn_factor", read.number)),
    ("--yarn-beta-fast", to.put("rope", "beta_fast", read.number)),
    ("--yarn-beta-slow", to.put("rope", "beta_slow", read.number)),
    # Sampling.
    ("--samplers", to.samplers),
    ("--sampler-seq --sampling-seq", to.sampler_letters),
    ("-s --seed", to.put("sampling", "seed", read.seed)),
    ("--temp --temperature", to.temperature),
    ("--top-k", to.top_k),
    ("--top-p", to.parameter("top_p")),
    ("--min-p", to.parameter("min_p")),
    ("--typical --typical-p", to.parameter("typical_p")),
    ("--top-nsigma --top-n-sigma", to.parameter("top_n_sigma")),
    ("--xtc-probability", to.parameter("xtc_probability")),
    ("--xtc-threshold", to.parameter("xtc_threshold")),
    ("--dynatemp-range", to.parameter("dynatemp_range")),
    ("--dynatemp-exp", to.parameter("dynatemp_exponent")),
    ("--repeat-penalty", to.parameter("repeat_penalty")),
    ("--repeat-last-n", to.parameter("repeat_last_n")),
    ("--presence-penalty", to.parameter("presence_penalty")),
    ("--frequency-penalty", to.parameter("frequency_penalty")),
    ("--dry-multiplier", to.parameter("dry_multiplier")),
    ("--dry-base", to.dry_base),
    ("--dry-allowed-length", to.parameter("dry_allowed_length")),
    ("--dry-penalty-last-n", to.parameter("dry_penalty_last_n")),
    ("--adaptive-target", to.parameter("adaptive_target")),
    ("--adaptive-decay", to.parameter("adaptive_decay")),
    ("--mirostat", to.parameter("mirostat")),
    ("--mirostat-lr", to.parameter("mirostat_eta")),
    ("--mirostat-ent", to.parameter("mirostat_tau")),
)

_REPEATING: tuple[tuple[str, Action], ...] = (
    ("-r --reverse-prompt", to.append("run", "reverse_prompts", read.text)),
    ("-l --logit-bias", to.append("sampling", "logit_bias", read.logit_bias)),
    ("--dry-sequence-breaker", to.breaker),
    ("--override-kv", to.extend("spec", "overrides", read.overrides)),
    ("--lora", to.extend("spec", "loras", read.paths)),
    ("--lora-scaled", to.extend("spec", "loras", read.scaled_paths)),
)

OUR_VALUES_TAKEN: Final[Mapping[str, int]] = {
    "--preset": 1,
    "--thinking": 1,
    "--data-dir": 1,
    "--trace": 0,
    "--json": 0,
    "-no-escape": 0,
}
"""How many values follow each flag that llama.cpp does not have."""

FLAGS: Final[Mapping[str, Flag]] = {
    name: Flag(tuple(names.split()), action, repeats)
    for table, repeats in ((_TABLE, False), (_REPEATING, True))
    for names, action in table
    for name in names.split()
}
"""Every flag that means something here, by each of its names."""
