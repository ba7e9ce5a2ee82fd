"""The help text of `app run`."""

from __future__ import annotations

HELP = """\
usage: thinkpane run --model FILE.gguf --prompt TEXT [llama.cpp's flags]

One completion without a window. A command line for llama.cpp's tools runs as it is.
The answer goes to stdout; the thought, notes and numbers go to stderr.

  -m, --model FILE|NAME         the model, a file or one of the library
  -p, --prompt TEXT             the message; escapes such as \\n are processed (--no-escape: not)
  -f, --file FILE               the message is in a file
  -sys, --system-prompt TEXT    said before it
  -no-cnv                       the prompt goes in as it stands, without a chat template
  -n, --n-predict N             at most N tokens; -1 up to the end of the context
  -c, --ctx-size N              context in tokens (4096; 0: the model's own)
  -ngl, --n-gpu-layers N        layers on the GPU: a number, auto or all
  -t, --threads N               threads
  -fa, --flash-attn on|off|auto, -ctk, -ctv TYPE
  -s, --seed N                  -1: a random one, told at the end
  --samplers "a;b;c"            the chain, in order; --sampler-seq edskypmxt
  --temp --top-k --top-p --min-p --typical --top-nsigma --xtc-probability --xtc-threshold
  --dynatemp-range --dynatemp-exp --repeat-penalty --repeat-last-n --presence-penalty
  --frequency-penalty --dry-multiplier --dry-base --dry-allowed-length --dry-penalty-last-n
  --dry-sequence-breaker --mirostat --mirostat-lr --mirostat-ent --adaptive-target
  --adaptive-decay --logit-bias --grammar --grammar-file -j, --json-schema
  --chat-template TEXT, --chat-template-file FILE, -r, --reverse-prompt TEXT

Ours besides:
  --preset NAME                 start from a preset instead of llama.cpp's defaults
  --thinking on|off|template    ask the model to think, or not to
  --json                        one JSON object a line
  --data-dir DIR                keep everything in this folder
"""
