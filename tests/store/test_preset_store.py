"""Presets on disk: the built-in ones are safe, the user's come back, bad files are named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from helpers.presets import BUNDLED, presets
from hypothesis import HealthCheck, given, settings

from app.core.errors import FaultsError, StoreError
from app.core.presets import Preset
from app.core.sampling import SamplerChain
from app.store.preset_store import PresetStore


@pytest.fixture
def user(tmp_path: Path) -> Path:
    return tmp_path / "user"


@pytest.fixture
def store(user: Path) -> PresetStore:
    return PresetStore(BUNDLED, user)


def own(store: PresetStore) -> list[Preset]:
    return [preset for preset in store.list()[0] if not store.is_built_in(preset.slug)]


MINE = Preset("Mine", chain=SamplerChain().with_values(top_k=7), system_prompt="Be brief.")


def test_the_built_in_presets_are_all_readable(store: PresetStore) -> None:
    found, faults = store.list()
    assert faults == ()
    assert {preset.slug for preset in found} == {path.stem for path in BUNDLED.glob("*.toml")}
    assert all(store.is_built_in(preset.slug) for preset in found)


def test_a_saved_preset_comes_back_after_the_built_in_ones(store: PresetStore) -> None:
    saved = store.save(MINE)
    assert saved == replace(MINE, slug="mine")
    assert store.list()[0][-1] == saved
    assert not store.is_built_in("mine")


@given(preset=presets())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_any_preset_survives_the_file(tmp_path: Path, preset: Preset) -> None:
    path = tmp_path / "mine.toml"
    store = PresetStore(tmp_path / "none", tmp_path)
    store.export_file(preset, path)
    (found,), faults = store.list()
    assert (found, faults) == (preset, ())


def test_saving_again_replaces_the_preset_of_that_name(store: PresetStore, user: Path) -> None:
    store.save(MINE)
    changed = store.save(replace(MINE, name=" MINE ", max_tokens=5))
    assert own(store) == [changed]
    assert changed.max_tokens == 5
    assert [path.name for path in user.iterdir()] == ["mine.toml"]


def test_a_file_keeps_its_own_name_when_its_preset_is_saved(store: PresetStore, user: Path) -> None:
    user.mkdir()
    (user / "Downloaded One.toml").write_text('name = "Mine"\n', "utf-8")
    assert store.save(MINE).slug == "Downloaded One"
    assert [preset.max_tokens for preset in own(store)] == [-1]
    assert own(store)[0].system_prompt == "Be brief."


@pytest.mark.parametrize("name", ["QwQ-32B, Unsloth's fixes", "greedy", "  GREEDY "])
def test_a_built_in_preset_is_never_overwritten(store: PresetStore, user: Path, name: str) -> None:
    before = {path: path.read_bytes() for path in BUNDLED.iterdir()}
    with pytest.raises(StoreError, match="is a built-in preset, which cannot be changed"):
        store.save(replace(MINE, name=name, slug="greedy"))
    assert {path: path.read_bytes() for path in BUNDLED.iterdir()} == before
    assert not user.exists()


def test_another_name_with_a_built_in_slug_gets_a_file_of_its_own(store: PresetStore) -> None:
    saved = store.save(replace(MINE, name="qwq 32b official"))
    assert saved.slug == "qwq-32b-official-2"
    assert store.save(replace(MINE, name="QwQ_32B_official")).slug == "qwq-32b-official-3"
    assert {preset.name for preset in own(store)} == {"qwq 32b official", "QwQ_32B_official"}
    assert store.list()[1] == ()


def test_a_preset_needs_a_name(store: PresetStore) -> None:
    with pytest.raises(StoreError, match="needs a name"):
        store.save(replace(MINE, name="  "))


def test_what_could_not_be_read_again_is_not_written(store: PresetStore, user: Path) -> None:
    with pytest.raises(StoreError, match="min_p must be between 0 and 1"):
        store.save(replace(MINE, chain=SamplerChain().with_values(min_p=7.0)))
    assert not user.exists()


def test_bad_files_are_named_with_their_faults_and_the_others_still_there(store: PresetStore, user: Path) -> None:
    store.save(MINE)
    (user / "broken.toml").write_text("name = ", "utf-8")
    (user / "wrong.toml").write_text("[sampling]\ntop_k = 'many'\nmin_p = 2\n", "utf-8")
    (user / "greedy.toml").write_text("", "utf-8")
    (user / "folder.toml").mkdir()
    (user / "huge.toml").write_bytes(b"#" * (2 << 20))
    (user / "notes.txt").write_text("not a preset", "utf-8")
    _, faults = store.list()
    assert [preset.slug for preset in own(store)] == ["mine"]
    told = {path.name: error for path, error in faults}
    assert set(told) == {"broken.toml", "wrong.toml", "greedy.toml", "folder.toml", "huge.toml"}
    assert told["wrong.toml"].faults == (
        "top_k must be a number, not 'many'.",
        "min_p must be between 0 and 1, not 2.",
    )
    assert "broken.toml is no preset" in str(told["broken.toml"])
    assert told["greedy.toml"].message == "greedy.toml is called like another preset."


def test_deleting_takes_the_users_own_only(store: PresetStore) -> None:
    store.save(MINE)
    store.delete("mine")
    assert own(store) == []
    with pytest.raises(StoreError, match="cannot be deleted"):
        store.delete("greedy")
    with pytest.raises(StoreError, match='There is no preset "mine"'):
        store.delete("mine")
    with pytest.raises(StoreError, match="There is no preset"):
        store.delete("../greedy")


def test_an_exported_preset_can_be_imported_beside_the_one_it_came_from(store: PresetStore, tmp_path: Path) -> None:
    greedy = next(preset for preset in store.list()[0] if preset.slug == "greedy")
    store.export_file(greedy, tmp_path / "out" / "shared.toml")
    first = store.import_file(tmp_path / "out" / "shared.toml")
    second = store.import_file(tmp_path / "out" / "shared.toml")
    assert (first.name, first.slug) == ("Greedy (2)", "greedy-2")
    assert (second.name, second.slug) == ("Greedy (3)", "greedy-3")
    assert first.chain == greedy.chain
    assert own(store) == [first, second]


def test_importing_something_else_says_what_is_wrong(store: PresetStore, tmp_path: Path, user: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text("temprature = 1\n[smapling]\n", "utf-8")
    with pytest.raises(FaultsError) as caught:
        store.import_file(path)
    assert len(caught.value.faults) == 2
    with pytest.raises(FaultsError, match="could not be read"):
        store.import_file(tmp_path / "missing.toml")
    assert not user.exists()


def test_a_folder_that_cannot_be_made_is_an_error_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    store = PresetStore(BUNDLED, tmp_path / "file" / "user")
    assert len(store.list()[0]) == len(list(BUNDLED.iterdir()))
    with pytest.raises(StoreError, match="could not be made"):
        store.save(MINE)
