"""Values of flags: what llama.cpp takes is taken, what it guesses at is refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from helpers.presets import TEXTS
from hypothesis import given
from hypothesis import strategies as st

from app.core import flag_values as read
from app.core.errors import UsageError
from app.core.model_spec import ALL_LAYERS, AUTO

TAKEN: list[tuple[read.Reader, str, Any]] = [
    (read.number, "0.6", 0.6),
    (read.number, ".5", 0.5),
    (read.number, "+1.", 1.0),
    (read.number, "-1e-3", -0.001),
    (read.whole_number, "-007", -7),
    (read.whole_between(0, 5), "5", 5),
    (read.thread_count, "-1", 0),
    (read.thread_count, "8", 8),
    (read.gpu_layers, "auto", AUTO),
    (read.gpu_layers, "-1", AUTO),
    (read.gpu_layers, "all", ALL_LAYERS),
    (read.gpu_layers, "-2", ALL_LAYERS),
    (read.gpu_layers, "0", 0),
    (read.gpu_layers, "99", 99),
    (read.seed, "0", 0),
    (read.seed, "4294967294", 4294967294),
    (read.seed, "4294967295", None),
    (read.seed, "-1", None),
    (read.on_off_auto, "enabled", "on"),
    (read.on_off_auto, "0", "off"),
    (read.on_off_auto, "-1", "auto"),
    (read.shares, "3,1", (3.0, 1.0)),
    (read.shares, "3/1", (3.0, 1.0)),
    (read.names, "CUDA0, CUDA1", ("CUDA0", "CUDA1")),
    (read.paths, 'a.gguf,"b, c.gguf"', ((Path("a.gguf"), 1.0), (Path("b, c.gguf"), 1.0))),
    (read.scaled_paths, "a.gguf:0.5,b.gguf:2", ((Path("a.gguf"), 0.5), (Path("b.gguf"), 2.0))),
    (read.scaled_paths, r"C:\a.gguf:-0.5", ((Path(r"C:\a.gguf"), -0.5),)),
    (read.logit_bias, "15043+1", (15043, 1.0)),
    (read.logit_bias, "15043-1.5", (15043, -1.5)),
    (read.logit_bias, "2-inf", (2, -math.inf)),
    (read.logit_bias, "2+-3", (2, -3.0)),
    (read.overrides, "a.b=int:5", (("a.b", 5),)),
    (read.overrides, "a=float:1e-6,b=bool:false", (("a", 1e-6), ("b", False))),
    (read.overrides, "tokenizer.ggml.pre=str:qwen2:x", (("tokenizer.ggml.pre", "qwen2:x"),)),
    (read.overrides, '"a=str:x,y"', (("a", "x,y"),)),
    (read.json_object, '{"enable_thinking": false}', {"enable_thinking": False}),
]


@pytest.mark.parametrize(("reader", "text", "value"), TAKEN)
def test_a_value_is_read(reader: read.Reader, text: str, value: Any) -> None:
    found = reader("--flag", text)
    assert found == value
    assert type(found) is type(value)


REFUSED: list[tuple[read.Reader, str, str]] = [
    (read.number, "hot", "--flag needs a number, not 'hot'."),
    (read.number, "0.6x", "--flag needs a number, not '0.6x'."),
    (read.number, "", "--flag needs a number, not ''."),
    (read.number, "nan", "--flag needs a number, not 'nan'."),
    (read.number, "inf", "--flag needs a number, not 'inf'."),
    (read.number, "1e999", "--flag needs a number, not '1e999'."),
    (read.number, "1_0", "--flag needs a number, not '1_0'."),
    (read.number, "1,5", "--flag needs a number, not '1,5'."),
    (read.number, "٣", "--flag needs a number, not '٣'."),
    (read.whole_number, "1.5", "--flag needs a whole number, not '1.5'."),
    (read.whole_number, "8k", "--flag needs a whole number, not '8k'."),
    (read.whole_number, "9" * 5000, "--flag needs a whole number, not '999999999999...9999999999999'."),
    (read.whole_between(1), "0", "--flag needs a whole number of at least 1, not '0'."),
    (read.whole_between(-1, 3), "4", "--flag needs a whole number from -1 to 3, not '4'."),
    (read.positive_number, "0", "--flag needs a number above 0, not '0'."),
    (read.one_of(("none", "layer")), "rows", "--flag needs one of none, layer, not 'rows'."),
    (read.on_off_auto, "yes", "--flag needs on, off or auto, not 'yes'."),
    (read.gpu_layers, "most", "--flag needs auto, all or a number of layers, not 'most'."),
    (read.seed, "-2", "--flag needs a whole number from 0 to 4294967294, or -1 for a random seed, not '-2'."),
    (read.seed, "random", "--flag needs a whole number, not 'random'."),
    (read.path, "", "--flag needs the name of a file, not ''."),
    (read.scaled_paths, "a.gguf", "--flag needs FILE:SCALE, not 'a.gguf'."),
    (read.scaled_paths, "a.gguf:big", "--flag needs FILE:SCALE, not 'a.gguf:big'."),
    (read.logit_bias, "hello+1", "--flag needs a token id, + or - and a number, such as 15043-1, not 'hello+1'."),
    (read.logit_bias, "5", "--flag needs a token id, + or - and a number, such as 15043-1, not '5'."),
    (read.logit_bias, "5+inf", "--flag needs a number, not 'inf'."),
    (read.overrides, "a", "--flag needs KEY=TYPE:VALUE, not 'a'."),
    (read.overrides, "a=int:x", "--flag needs a whole number, not 'x'."),
    (read.overrides, "a=bool:yes", "--flag needs a value of type int, float, bool (true or false) or str "
     "(127 bytes at most), not 'a=bool:yes'."),
    (read.overrides, f"{'k' * 128}=int:1", "--flag needs KEY=TYPE:VALUE, not 'kkkkkkkkkkkk...kkkkkkk=int:1'."),
    (read.paths, "a\rb", "--flag needs fields separated by commas, not 'a\\rb'."),
    (read.paths, "a" * 200_000, "--flag needs fields separated by commas, not 'aaaaaaaaaaaa...aaaaaaaaaaaaa'."),
    (read.json_object, "[1]", "--flag needs a JSON object, not '[1]'."),
    (read.json_object, "{", "--flag needs a JSON object, not '{'."),
    (read.json_object, "[" * 100_000, "--flag needs a JSON object, not '[[[[[[[[[[[[...[[[[[[[[[[[[['."),
]  # fmt: skip


@pytest.mark.parametrize(("reader", "text", "message"), REFUSED)
def test_a_wrong_value_is_refused_in_a_sentence(reader: read.Reader, text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        reader("--flag", text)
    assert caught.value.message == message


READERS = [reader for reader, *_ in TAKEN]


@given(st.sampled_from(READERS), st.text())
def test_any_text_is_read_or_refused(reader: read.Reader, text: str) -> None:
    message = "--flag needs nothing else"
    try:
        reader("--flag", text)
    except UsageError as error:
        message = error.message
    assert message.startswith("--flag needs ")


# string_process_escapes, common/common.cpp.
ESCAPES = [
    (r"a\nb\tc\rd", "a\nb\tc\rd"),
    (r"\'\"\\", "'\"\\"),
    (r"\\n", r"\n"),
    (r"\x41\x0a", "A\n"),
    (r"\xe2\x82\xac", "€"),
    (r"\xff", "\ufffd"),
    (r"\x4", r"\x4"),
    (r"\xzz\n", "\\xzz\n"),
    (r"\q\n", "\\q\n"),
    (r"C:\models", r"C:\models"),
    ("ends in \\", "ends in \\"),
    (r"<think>\n", "<think>\n"),
    ("héllo 思考", "héllo 思考"),
    ("", ""),
]


@pytest.mark.parametrize(("written", "meant"), ESCAPES)
def test_escapes_are_llama_cpps(written: str, meant: str) -> None:
    assert read.process_escapes(written) == meant


@given(TEXTS)
def test_a_text_with_escapes_is_one_line_that_means_the_text(text: str) -> None:
    written = read.with_escapes(text)
    assert read.process_escapes(written) == text
    assert not {"\n", "\r", "\t"} & set(written)


def as_llama_cpp(data: bytes) -> bytes:
    """common/common.cpp's loop, step by step."""
    simple = {ord("n"): 10, ord("r"): 13, ord("t"): 9, ord("'"): 39, ord('"'): 34, ord("\\"): 92}
    output, index = bytearray(), 0
    while index < len(data):
        if data[index] != 92 or index + 1 >= len(data):
            output.append(data[index])
        else:
            index += 1
            digits = data[index + 1 : index + 3]
            if data[index] in simple:
                output.append(simple[data[index]])
            elif (
                data[index] == ord("x") and len(digits) == 2 and all(chr(d) in "0123456789abcdefABCDEF" for d in digits)
            ):
                output.append(int(digits, 16))
                index += 2
            else:
                output += bytes([92, data[index]])
        index += 1
    return bytes(output)


@given(st.text(st.sampled_from("\\\\\\nrtx'\"4aF0 é"), max_size=20))
def test_escapes_follow_llama_cpps_loop_in_any_mixture(text: str) -> None:
    assert read.process_escapes(text) == as_llama_cpp(text.encode()).decode("utf-8", "replace")
