"""The settings file: read whatever it holds, never lost to a fault in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.errors import StoreError
from app.core.settings import LoadSettings, Settings
from app.store.settings_store import SettingsStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def test_without_a_file_the_defaults_hold(path: Path) -> None:
    assert SettingsStore(path).load() == (Settings(), [])
    assert not path.exists()


def test_settings_come_back_as_they_were(path: Path) -> None:
    settings = Settings(theme="dark", text_scale=1.25, preset_name="greedy").with_model(
        Path("/models/a model's.gguf"), LoadSettings(gpu_layers=12, flash_attention="on")
    )
    SettingsStore(path).save(settings)
    assert SettingsStore(path).load() == (settings, [])


def test_a_file_that_is_no_toml_gives_the_defaults_and_is_kept(path: Path) -> None:
    path.write_text('theme = "dark\n')
    store = SettingsStore(path)
    settings, faults = store.load()
    assert settings == Settings()
    assert len(faults) == 1
    assert "settings.toml is not valid TOML" in faults[0]
    assert path.read_text() == 'theme = "dark\n'
    store.save(settings)
    assert path.with_name("settings.toml.bak").read_text() == 'theme = "dark\n'
    assert SettingsStore(path).load() == (Settings(), [])


def test_a_fault_is_kept_once(path: Path) -> None:
    path.write_text('theme = "dark"\ncolour = "red"\n')
    store = SettingsStore(path)
    settings, faults = store.load()
    assert settings.theme == "dark"
    assert len(faults) == 1
    store.save(settings)
    store.save(settings)
    assert "red" in path.with_name("settings.toml.bak").read_text()
    assert "red" not in path.read_text()


def test_without_faults_no_copy_is_made(path: Path) -> None:
    store = SettingsStore(path)
    store.save(Settings(theme="dark"))
    store.load()
    store.save(Settings(theme="light"))
    assert [entry.name for entry in path.parent.iterdir()] == ["settings.toml"]


def test_a_write_that_fails_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="could not be written"):
        SettingsStore(tmp_path / "missing" / "settings.toml").save(Settings())
