"""`app models` and `app presets`: what is there."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from app.core.settings import Settings
from app.library.model_index import find_models
from app.paths import Paths, paths_for
from app.store.preset_store import PresetStore
from app.store.settings_store import SettingsStore


def list_models(arguments: Sequence[str]) -> int:
    """Print the models in the library, one a line."""
    options = _parse("models", "The models in the library.", arguments)
    paths = paths_for(options.data_dir)
    for model in find_models((paths.models, *_settings(paths).model_folders)):
        record = {
            "event": "model",
            "name": model.name,
            "quantisation": model.quantisation,
            "bytes": model.bytes,
            "parts": model.parts,
            "path": str(model.path),
        }
        size = f"{model.bytes / 1e9:.2f} GB"
        print(json.dumps(record) if options.json else f"{model.name}\t{model.quantisation}\t{size}\t{model.path}")
    return 0


def list_presets(arguments: Sequence[str]) -> int:
    """Print the presets, one a line; files that are none are named on stderr."""
    options = _parse("presets", "The presets there are.", arguments)
    paths = paths_for(options.data_dir)
    presets, faults = PresetStore(paths.bundled_presets, paths.user_presets).list()
    for preset in presets:
        record = {"event": "preset", "slug": preset.slug, "name": preset.name, "description": preset.description}
        line = f"{preset.slug}\t{preset.name}\t{preset.description}"
        print(json.dumps(record, ensure_ascii=False) if options.json else line)
    for path, fault in faults:
        print(f"{path.name}: {fault}", file=sys.stderr)
    return 0


def _settings(paths: Paths) -> Settings:
    return SettingsStore(paths.settings_file).load()[0]


def _parse(command: str, description: str, arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"thinkpane {command}", description=description)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="the folder with everything in it")
    return parser.parse_args(arguments)
