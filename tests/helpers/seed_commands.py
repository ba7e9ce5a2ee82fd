"""The two commands of Unsloth's article on QwQ-32B (7 March 2025), as they stand there."""

from __future__ import annotations

PROMPT = (
    r"<|im_start|>user\n"
    r"Create a Flappy Bird game in Python. You must include these things:\n"
    r"1. You must use pygame.\n"
    r"2. The background color should be randomly chosen and is a light shade. Start with a light blue color.\n"
    r"3. Pressing SPACE multiple times will accelerate the bird.\n"
    r"4. The bird's shape should be randomly chosen as a square, circle or triangle. "
    r"The color should be randomly chosen as a dark color.\n"
    r"5. Place on the bottom some land colored as dark brown or yellow chosen randomly.\n"
    r"6. Make a score shown on the top right side. Increment if you pass pipes and don't hit them.\n"
    r"7. Make randomly spaced pipes with enough space. "
    r"Color them randomly as dark green or light brown or a dark gray shade.\n"
    r"8. When you lose, show the best score. Make the text inside the screen. Pressing q or Esc will quit the game. "
    r"Restarting is pressing SPACE again.\n"
    r"The final game should be inside a markdown section in Python. "
    r"Check your code for errors and fix them before the final markdown section.<|im_end|>\n"
    r"<|im_start|>assistant\n"
    r"<think>\n"
)
"""As the shell hands it over: its escapes are llama.cpp's to process."""

_COMMAND = r"""./llama.cpp/llama-cli \
 --model unsloth-QwQ-32B-GGUF/QwQ-32B-Q4_K_M.gguf \
 --threads 32 \
 --ctx-size 16384 \
 --n-gpu-layers 99 \
 --seed 3407 \
 --prio 2 \
 --temp 0.6 \
 --repeat-penalty 1.5 \
 --repeat-penalty 1.1 \
 --dry-multiplier 0.5 \
 --min-p MIN_P \
 --top-k 40 \
 --top-p 0.95 \
 -no-cnv \
SAMPLERS --prompt "PROMPT" \
 2>&1 | tee FILE
"""


def _command(**parts: str) -> str:
    text = _COMMAND
    for name, part in parts.items():
        text = text.replace(name, part)
    return text


WITH_FIXES = _command(
    MIN_P="0.0",
    SAMPLERS=' --samplers "top_k;top_p;min_p;temperature;dry;typ_p;xtc" \\\n',
    PROMPT=PROMPT,
    FILE="Q4_K_M_yes_samplers.txt",
)
WITHOUT_FIXES = _command(MIN_P="0.1", SAMPLERS="", PROMPT=PROMPT, FILE="Q4_K_M_no_samplers.txt")
