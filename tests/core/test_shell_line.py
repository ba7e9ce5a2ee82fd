"""Commands as people paste them."""

from __future__ import annotations

import shlex

import pytest
from helpers.presets import TEXTS
from helpers.seed_commands import PROMPT, WITH_FIXES, WITHOUT_FIXES
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import UsageError
from app.core.shell_line import split_shell_line

SEED_WORDS = [
    "--model", "unsloth-QwQ-32B-GGUF/QwQ-32B-Q4_K_M.gguf", "--threads", "32", "--ctx-size", "16384",
    "--n-gpu-layers", "99", "--seed", "3407", "--prio", "2", "--temp", "0.6", "--repeat-penalty", "1.5",
    "--repeat-penalty", "1.1", "--dry-multiplier", "0.5",
]  # fmt: skip


def test_the_seeds_commands_fall_into_their_words() -> None:
    rest = ["--top-k", "40", "--top-p", "0.95", "-no-cnv"]
    order = ["--samplers", "top_k;top_p;min_p;temperature;dry;typ_p;xtc"]
    assert split_shell_line(WITH_FIXES) == [*SEED_WORDS, "--min-p", "0.0", *rest, *order, "--prompt", PROMPT]
    assert split_shell_line(WITHOUT_FIXES) == [*SEED_WORDS, "--min-p", "0.1", *rest, "--prompt", PROMPT]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("llama-cli -m x", ["-m", "x"]),
        ("./llama.cpp/build/bin/llama-cli -m x", ["-m", "x"]),
        ("llama-completion.exe -m x", ["-m", "x"]),
        (r".\build\bin\Release\llama-cli.exe -m C:\models\x.gguf", ["-m", r"C:\models\x.gguf"]),
        ("./main -m x -p 'a b'", ["-m", "x", "-p", "a b"]),
        ("llama-server -m x --port 8080", ["-m", "x", "--port", "8080"]),
        ("thinkpane run -m x", ["-m", "x"]),
        ("$ llama-cli -m x", ["-m", "x"]),
        ("CUDA_VISIBLE_DEVICES=0,1 sudo ./llama-cli -m x", ["-m", "x"]),
        ("--temp 0.6 --top-k 40", ["--temp", "0.6", "--top-k", "40"]),
        ("  my-own-runner -m x  ", ["-m", "x"]),
        ("llama-cli\u00a0-m\u00a0x\v", ["-m", "x"]),
        # Lines.
        ("llama-cli -m x \\\n  --temp 1", ["-m", "x", "--temp", "1"]),
        ("llama-cli -m x \\  \r\n  --temp 1\r\n", ["-m", "x", "--temp", "1"]),
        ("llama-cli -m x `\n  --temp 1", ["-m", "x", "--temp", "1"]),
        ("llama-cli -m x ^\r\n  --temp 1", ["-m", "x", "--temp", "1"]),
        ("llama-cli -m x\n  --temp 1\n  -n 5", ["-m", "x", "--temp", "1", "-n", "5"]),
        ("llama-cli -m x\nrm -rf y", ["-m", "x"]),
        ("llama-cli \\\n", None),
        # Quotes.
        ('llama-cli -p "a \\"b\\" \\\\ \\n \\$x `y`"', ["-p", 'a "b" \\ \\n $x `y`']),
        ("llama-cli -p 'it'\\''s \"so\" \\n'", ["-p", "it's \"so\" \\n"]),
        ('llama-cli -p "one \\\ntwo"', ["-p", "one two"]),
        ('llama-cli -p "one\ntwo"', ["-p", "one\ntwo"]),
        ("llama-cli -p a\\ b", ["-p", "a b"]),
        ("llama-cli -p ''", ["-p", ""]),
        ("llama-cli -p 'a'\"b\"c", ["-p", "abc"]),
        ("llama-cli -p '# no comment' # one", ["-p", "# no comment"]),
        ("llama-cli -p \"<|im_start|>It's 1 > 0; a & b\" -n 1", ["-p", "<|im_start|>It's 1 > 0; a & b", "-n", "1"]),
        # What follows the command.
        ("llama-cli -m x 2>&1 | tee out.txt", ["-m", "x"]),
        ("llama-cli -m x > out.txt 2> err.txt -n 5", ["-m", "x", "-n", "5"]),
        ("llama-cli -m x >>out.txt", ["-m", "x"]),
        ("llama-cli -m x &> out.txt", ["-m", "x"]),
        ("llama-cli -m x < prompt.txt", ["-m", "x"]),
        ("llama-cli -m x && echo done", ["-m", "x"]),
        ("llama-cli -m x &", ["-m", "x"]),
        ("llama-cli -m x; ls -l", ["-m", "x"]),
        ("(llama-cli -m x)", ["-m", "x"]),
        # What stands around it.
        ("```bash\nllama-cli -m x\n```", ["-m", "x"]),
        ("`llama-cli -m x`", ["-m", "x"]),
        ("# run it:\nllama-cli -m x", ["-m", "x"]),
        ("cmake llama.cpp -B build\ncmake --build build -j\nllama-cli -m x", ["-m", "x"]),
        ("wget -O x.gguf http://y && ./llama-cli -m x.gguf", ["-m", "x.gguf"]),
    ],
)  # fmt: skip
def test_a_pasted_command_falls_into_its_words(text: str, words: list[str] | None) -> None:
    if words is None:
        with pytest.raises(UsageError):
            split_shell_line(text)
    else:
        assert split_shell_line(text) == words


@pytest.mark.parametrize("text", ["", "hello there", "llama-cli", "```", "echo 'a -b'"])
def test_a_text_without_a_command_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"There is no llama\.cpp command in this text"):
        split_shell_line(text)


@pytest.mark.parametrize("text", ["llama-cli -p 'it", 'llama-cli -p "it\\"', "llama-cli -p it's -n 5"])
def test_a_quote_that_is_never_closed_is_shown(text: str) -> None:
    with pytest.raises(UsageError, match="is never closed"):
        split_shell_line(text)


@given(st.lists(TEXTS, min_size=1, max_size=6))
def test_what_a_shell_would_quote_comes_back(words: list[str]) -> None:
    assert split_shell_line(shlex.join(["llama-cli", "-p", *words])) == ["-p", *words]


@given(st.text(st.sampled_from("-p a\"'\\\n|><&;#`$(2\u00a0\r")) | st.text())
def test_any_text_is_split_or_refused(text: str) -> None:
    try:
        words = split_shell_line("llama-cli -n " + text)
    except UsageError as error:
        words = [error.message]
    assert words


def test_a_long_text_takes_no_time() -> None:
    assert split_shell_line("llama-cli -p " + "\\" * 100_000 + "a") == ["-p", "\\" * 50_000 + "a"]
    assert len(split_shell_line("llama-cli -p '" + "x" * 500_000 + "'")[1]) == 500_000
    with pytest.raises(UsageError):
        split_shell_line('llama-cli -p "' + "\\a" * 50_000)
    assert split_shell_line("llama-cli -n 1" + "\n" * 100_000 + "x" + "\n-" * 1000) == ["-n", "1"]
    assert split_shell_line("llama-cli -n " + "1" * 100_000 + " " * 100_000) == ["-n", "1" * 100_000]
