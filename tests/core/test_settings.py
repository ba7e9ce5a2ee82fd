"""Settings from any mapping: what can be used is used, and each fault is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.model_spec import ModelSpec
from app.core.settings import (
    MAX_RECENT_MODELS,
    MAX_REMEMBERED_MODELS,
    LoadSettings,
    Settings,
    migrated,
    settings_from_mapping,
    settings_to_mapping,
)

_PATHS = st.text(min_size=1, max_size=20).map(Path)
_LOADS = st.builds(
    LoadSettings,
    gpu_layers=st.integers(-2, 200),
    context=st.integers(0, 2**31 - 1),
    threads=st.integers(0, 4096),
    cache_type_k=st.sampled_from(["f16", "q8_0", "iq4_nl"]),
    flash_attention=st.sampled_from(["auto", "on", "off"]),
)
_SETTINGS = st.builds(
    Settings,
    theme=st.sampled_from(["system", "light", "dark"]),
    text_scale=st.floats(0.5, 3.0),
    model_path=st.none() | _PATHS,
    recent_models=st.lists(_PATHS, max_size=4).map(tuple),
    model_folders=st.lists(_PATHS, max_size=4).map(tuple),
    preset_name=st.text(),
    send_on_enter=st.booleans(),
    load_settings=st.dictionaries(st.text(), _LOADS, max_size=3),
)
_ANYTHING = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
_NAMES = st.sampled_from([*Settings.model_fields, *LoadSettings.model_fields, "schema_version"])


@given(_SETTINGS)
def test_settings_survive_the_mapping(settings: Settings) -> None:
    assert settings_from_mapping(settings_to_mapping(settings)) == (settings, [])


@given(st.dictionaries(_NAMES | st.text(max_size=10), _ANYTHING, max_size=8))
def test_no_mapping_is_refused(mapping: dict[str, Any]) -> None:
    settings, faults = settings_from_mapping(mapping)
    assert settings_from_mapping(settings_to_mapping(settings)) == (settings, [])
    assert all(fault.endswith(".") and fault.isprintable() for fault in faults)
    unknown = {name for name in mapping if name not in Settings.model_fields and name != "schema_version"}
    assert len(faults) >= len(unknown)


@pytest.mark.parametrize(
    ("mapping", "fault"),
    [
        (
            {"theme": "blue"},
            "theme = 'blue' cannot be used and is ignored: input should be 'system', 'light' or 'dark'.",
        ),
        ({"text_scale": 9}, "text_scale = 9 cannot be used"),
        ({"text_scale": float("nan")}, "text_scale = nan cannot be used"),
        ({"text_scale": True}, "text_scale = True cannot be used"),
        ({"send_on_enter": "yes"}, "send_on_enter = 'yes' cannot be used"),
        ({"recent_models": "one"}, "recent_models = 'one' cannot be used"),
        ({"load_settings": {"m": 3}}, "load_settings.m = 3 cannot be used"),
        ({"load_settings": {"m": {"cache_type_k": "q9"}}}, "load_settings.m.cache_type_k = 'q9' cannot be used and is"),
        ({"load_settings": {"m": {"gpu_layers": -3}}}, "load_settings.m.gpu_layers = -3 cannot be used"),
        ({"load_settings": {"m": {"context": 10**30}}}, "load_settings.m.context = 1000"),
        ({"colour": "red"}, "colour is not a setting of this version; it is ignored."),
        ({"schema_version": "new"}, "schema_version = 'new' is not a version; 1 is assumed."),
        ({"schema_version": 99}, "The settings were written by a newer version of Thinkpane"),
    ],
)
def test_a_fault_is_named_and_costs_nothing_else(mapping: dict[str, Any], fault: str) -> None:
    settings, faults = settings_from_mapping({"preset_name": "greedy", **mapping})
    assert settings.preset_name == "greedy"
    assert settings.changed(preset_name="", load_settings={}) == Settings()
    assert len(faults) == 1
    assert faults[0].startswith(fault)


def test_all_faults_are_told_at_once_and_the_good_parts_of_a_value_stay() -> None:
    settings, faults = settings_from_mapping(
        {
            "theme": "dark",
            "text_scale": 0,
            "recent_models": ["/a.gguf", 1, "/b.gguf", 2, "/c.gguf"],
            "load_settings": {"/a.gguf": {"context": 8192, "threads": -1, "speed": 3}},
        }
    )
    assert settings.theme == "dark"
    assert settings.text_scale == 1.0
    assert settings.recent_models == (Path("/a.gguf"), Path("/b.gguf"), Path("/c.gguf"))
    assert settings.load_settings == {"/a.gguf": LoadSettings(context=8192)}
    assert [fault.split(" ")[0] for fault in faults] == [
        "text_scale",
        "recent_models.1",
        "recent_models.3",
        "load_settings./a.gguf.threads",
        "load_settings./a.gguf.speed",
    ]


def test_the_mapping_handed_in_is_not_changed() -> None:
    mapping = {"schema_version": 1, "theme": "blue", "load_settings": {"m": {"context": -1}}}
    settings_from_mapping(mapping)
    assert mapping == {"schema_version": 1, "theme": "blue", "load_settings": {"m": {"context": -1}}}


def test_older_schemas_are_brought_up_step_by_step() -> None:
    steps = (
        lambda values: {**values, "scale": values.get("zoom", 100)},
        lambda values: {"text_scale": values["scale"] / 100},
    )
    assert settings_from_mapping({"schema_version": 1, "zoom": 150}, steps) == (Settings(text_scale=1.5), [])
    assert settings_from_mapping({"schema_version": 2, "scale": 200}, steps) == (Settings(text_scale=2.0), [])
    assert migrated({"schema_version": 3, "text_scale": 2.5}, steps) == ({"text_scale": 2.5}, [])


def test_loading_a_model_puts_it_first_and_keeps_few() -> None:
    settings = Settings()
    for number in range(MAX_REMEMBERED_MODELS + 10):
        settings = settings.with_model(Path(f"/{number}.gguf"), LoadSettings(context=number))
    settings = settings.with_model(Path("/70.gguf"), LoadSettings(context=1))
    assert settings.model_path == Path("/70.gguf")
    assert [path.stem for path in settings.recent_models] == ["70", "73", "72", "71", "69", "68", "67", "66"]
    assert len(settings.recent_models) == MAX_RECENT_MODELS
    assert len(settings.load_settings) == MAX_REMEMBERED_MODELS
    assert settings.load_settings["/70.gguf"].context == 1
    assert settings.load_settings["/73.gguf"].context == 73
    assert "/0.gguf" not in settings.load_settings


def test_the_newest_recent_model_survives_a_file() -> None:
    settings = Settings()
    for name in ("/b.gguf", "/a.gguf"):
        settings = settings.with_model(Path(name), LoadSettings())
    loaded, _ = settings_from_mapping(settings_to_mapping(settings))
    assert list(loaded.load_settings) == ["/b.gguf", "/a.gguf"]


def test_settings_cannot_be_changed_in_place_or_to_nonsense() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().theme = "dark"  # type: ignore[misc]
    with pytest.raises(ValueError, match="text_scale"):
        Settings().changed(text_scale=100.0)
    with pytest.raises(ValueError, match="colour"):
        Settings().changed(colour="red")


def test_load_settings_start_as_a_model_spec_does() -> None:
    defaults = ModelSpec(Path("m.gguf"))
    assert LoadSettings().model_dump() == {name: getattr(defaults, name) for name in LoadSettings.model_fields}
