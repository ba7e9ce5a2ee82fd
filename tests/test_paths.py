"""Where things are, with and without --data-dir, in every form the program is installed in."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from app.core.errors import StoreError, UsageError
from app.paths import bundled_root, paths_for

ROOT = Path(__file__).parents[1]
WRITTEN = ("data", "cache", "logs", "models", "chats_db", "settings_file", "user_presets", "crash_dir")


def test_everything_is_under_the_data_folder(tmp_path: Path) -> None:
    paths = paths_for(tmp_path / "mine")
    for name in WRITTEN:
        assert getattr(paths, name).is_relative_to(tmp_path / "mine")
    assert len({getattr(paths, name) for name in WRITTEN}) == len(WRITTEN)
    assert not (tmp_path / "mine").exists()


def test_a_relative_data_folder_stays_where_it_was_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert paths_for(Path("mine")).data == tmp_path / "mine"


def test_a_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USERPROFILE" if os.name == "nt" else "HOME", str(tmp_path))
    assert paths_for(Path("~/mine")).data == tmp_path / "mine"


@pytest.mark.skipif(os.name == "nt", reason="Windows guesses other users' homes")
def test_a_home_that_does_not_exist_is_a_wrong_command_line() -> None:
    with pytest.raises(UsageError, match="There is no home folder for ~nobody-of-this-name"):
        paths_for(Path("~nobody-of-this-name/mine"))


@pytest.mark.skipif(os.name == "nt", reason="the variables are those of Linux")
def test_without_a_data_folder_the_platforms_own_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("DATA", "CACHE", "STATE"):
        monkeypatch.delenv(f"XDG_{name}_HOME", raising=False)
    paths = paths_for()
    assert paths.data.name == "thinkpane"
    for name in WRITTEN:
        assert getattr(paths, name).is_relative_to(tmp_path)
        assert "thinkpane" in getattr(paths, name).parts


def test_folders_are_made_for_this_user_alone_and_may_exist(tmp_path: Path) -> None:
    paths = paths_for(tmp_path / "deep" / "mine")
    paths.ensure()
    paths.ensure()
    for folder in (paths.data, paths.cache, paths.logs, paths.models, paths.user_presets, paths.crash_dir):
        assert folder.is_dir()
    if os.name != "nt":
        assert stat.S_IMODE(paths.data.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cannot be made: .*--data-dir"):
        paths_for(tmp_path / "file" / "mine").ensure()


def test_the_source_tree_brings_presets_and_resources() -> None:
    paths = paths_for()
    assert paths.bundled_presets == ROOT / "presets"
    assert paths.resources == ROOT / "resources"


def test_an_installed_package_brings_its_own_and_never_a_neighbours(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "app"
    (package / "_bundled").mkdir(parents=True)
    (package.parent / "presets").mkdir()
    assert bundled_root(package) == package / "_bundled"
