"""The GGUF files in the user's model folders."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import ModelLoadError

_SPLIT = re.compile(r"-(\d{5})-of-(\d{5})$")
_QUANTISATION = re.compile(r"[-._]((?:UD-)?(?:I?Q\d\w*|BF16|F16|F32|MXFP4\w*|TQ\d\w*))$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model on disk; a split GGUF is one, named by its first part.

    Attributes:
        bytes: Size of all parts.
        parts: Number of files.
    """

    path: Path
    bytes: int
    parts: int = 1

    @property
    def name(self) -> str:
        """The file's name without quantisation and part number."""
        return _QUANTISATION.sub("", _SPLIT.sub("", self.path.stem))

    @property
    def quantisation(self) -> str:
        """Such as "Q4_K_M"; "" where the name does not tell."""
        found = _QUANTISATION.search(_SPLIT.sub("", self.path.stem))
        return found[1].upper() if found else ""


def find_models(folders: Iterable[Path]) -> tuple[ModelFile, ...]:
    """All models below some folders, by name. Folders that cannot be read count as empty."""
    found: dict[Path, ModelFile] = {}
    for folder in folders:
        for path in _gguf_files(folder):
            model = _model_at(path)
            if model is not None:
                found[path.resolve()] = model
    return tuple(sorted(found.values(), key=lambda model: (model.name.lower(), model.bytes)))


def named_model(wanted: str, library: Iterable[ModelFile]) -> Path:
    """The file that a person means: a path, or a model's name with or without its quantisation.

    Raises:
        ModelLoadError: There is no such name. A path is not looked at.
    """
    path = Path(wanted).expanduser()
    if path.suffix.lower() == ".gguf" or path.is_file():
        return path.absolute()
    models = list(library)
    for model in models:
        if wanted.casefold() in (model.name.casefold(), model.path.stem.casefold()):
            return model.path
    names = ", ".join(model.path.stem for model in models) or "none yet"
    raise ModelLoadError(f'There is no model "{wanted}".', f"Give a path, or one of the library: {names}.")


def _gguf_files(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.rglob("*.gguf") if path.is_file()]
    except OSError:
        return []


def _model_at(path: Path) -> ModelFile | None:
    split = _SPLIT.search(path.stem)
    if path.name.lower().startswith("mmproj"):
        return None
    if split is None:
        return ModelFile(path, path.stat().st_size)
    if split[1] != "00001":
        return None
    base = _SPLIT.sub("", path.stem)
    parts = sorted(path.parent.glob(f"{base}-?????-of-{split[2]}.gguf"))
    return ModelFile(path, sum(part.stat().st_size for part in parts), len(parts))
