"""The list of models on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.library.model_hash import ModelHashes
from app.library.model_index import ModelFile, find_models


def make(folder: Path, name: str, size: int = 10) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def test_split_files_are_one_row_with_their_whole_size(tmp_path):
    for part in (1, 2, 3):
        make(tmp_path, f"sub/QwQ-32B-BF16-0000{part}-of-00003.gguf", 10 * part)
    (model,) = find_models([tmp_path])
    assert (model.name, model.quantisation, model.bytes, model.parts) == ("QwQ-32B", "BF16", 60, 3)


def test_what_is_no_model_is_left_out(tmp_path):
    make(tmp_path, "mmproj-model-f16.gguf")
    make(tmp_path, "half.gguf.part")
    make(tmp_path, "notes.txt")
    assert find_models([tmp_path, tmp_path / "missing"]) == ()


def test_a_file_in_two_folders_is_listed_once(tmp_path):
    make(tmp_path, "a/b/model-Q4_K_M.gguf")
    assert len(find_models([tmp_path, tmp_path / "a"])) == 1


@pytest.mark.parametrize(
    ("stem", "name", "quantisation"),
    [
        ("SmolLM2-135M-Instruct.Q4_1", "SmolLM2-135M-Instruct", "Q4_1"),
        ("QwQ-32B-UD-Q4_K_XL", "QwQ-32B", "UD-Q4_K_XL"),
        ("Qwen3-0.6B-IQ3_XXS", "Qwen3-0.6B", "IQ3_XXS"),
        ("gpt-oss-20b-mxfp4", "gpt-oss-20b", "MXFP4"),
        ("llama-3", "llama-3", ""),
    ],
)
def test_names_and_quantisations(stem, name, quantisation):
    model = ModelFile(Path(f"{stem}.gguf"), 1)
    assert (model.name, model.quantisation) == (name, quantisation)


def test_a_hash_is_remembered_until_the_file_changes(tmp_path):
    path = make(tmp_path, "m.gguf")
    hashes = ModelHashes(tmp_path / "hashes.json")
    assert hashes.known(path) == ""
    first = hashes.compute(path)
    assert ModelHashes(tmp_path / "hashes.json").known(path) == first
    path.write_bytes(b"other content")
    assert hashes.known(path) == ""
    assert hashes.compute(path) != first


def test_a_damaged_hash_file_is_no_error(tmp_path):
    path = make(tmp_path, "m.gguf")
    (tmp_path / "hashes.json").write_text("[1, 2")
    assert len(ModelHashes(tmp_path / "hashes.json").compute(path)) == 64
