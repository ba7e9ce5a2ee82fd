"""What a person has set, as one immutable value; and the same as a mapping for a file.

A file is never refused: what cannot be used in it is left out, with a sentence for each.
"""

from __future__ import annotations

import copy
import reprlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, ValidationError

from app.core.model_spec import AUTO, KV_TYPES, FlashAttention

Theme = Literal["system", "light", "dark"]

MAX_RECENT_MODELS = 8
MAX_REMEMBERED_MODELS = 64
"""For how many models the load settings are kept."""

_INT32_MAX = 2**31 - 1
"""llama.cpp takes these numbers as 32-bit integers."""

Step = Callable[[dict[str, Any]], dict[str, Any]]

STEPS: Sequence[Step] = ()
"""`STEPS[n]` turns the mapping of schema n + 1 into that of schema n + 2."""


def _kv_type(name: str) -> str:
    if name not in KV_TYPES:
        raise ValueError(f"it must be one of {', '.join(KV_TYPES)}")
    return name


KvType = Annotated[str, AfterValidator(_kv_type)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class LoadSettings(_Frozen):
    """How a model was last loaded; the fields mean what they mean in `ModelSpec`."""

    gpu_layers: int = Field(default=AUTO, strict=True, ge=AUTO, le=_INT32_MAX)
    context: int = Field(default=4096, strict=True, ge=0, le=_INT32_MAX)
    threads: int = Field(default=0, strict=True, ge=0, le=4096)
    cache_type_k: KvType = "f16"
    cache_type_v: KvType = "f16"
    flash_attention: FlashAttention = "auto"


class Settings(_Frozen):
    """All settings.

    Attributes:
        text_scale: Size of text, as a factor of the system's.
        model_path: The GGUF last used.
        recent_models: The GGUFs used before, last first, at most `MAX_RECENT_MODELS`.
        model_folders: Folders searched for GGUFs besides the app's own.
        preset_name: The preset last used.
        notify_when_done: Tell when an answer ends while the window is away.
        send_on_enter: Enter sends and Shift+Enter breaks the line; else Ctrl+Enter sends.
        load_settings: How each model was last loaded, by its path.
    """

    theme: Theme = "system"
    text_scale: float = Field(default=1.0, strict=True, ge=0.5, le=3.0)
    model_path: Path | None = None
    recent_models: tuple[Path, ...] = ()
    model_folders: tuple[Path, ...] = ()
    preset_name: str = ""
    sampler_panel_visible: StrictBool = True
    sidebar_visible: StrictBool = True
    notify_when_done: StrictBool = True
    send_on_enter: StrictBool = True
    load_settings: Mapping[str, LoadSettings] = Field(default_factory=dict)

    def changed(self, **values: Any) -> Self:
        """The settings with some of them changed; a value that is out of range is a ValueError."""
        return self.model_validate({**dict(self), **values})

    def with_model(self, path: Path, load: LoadSettings) -> Self:
        """The settings after a model was loaded: it is the last used one, and the first of the recent."""
        others = [recent for recent in self.recent_models if recent != path]
        remembered = {key: value for key, value in self.load_settings.items() if key != str(path)}
        kept = list(remembered.items())[-(MAX_REMEMBERED_MODELS - 1) :]
        return self.changed(
            model_path=path,
            recent_models=(path, *others)[:MAX_RECENT_MODELS],
            load_settings={**dict(kept), str(path): load},
        )


def settings_to_mapping(settings: Settings) -> dict[str, Any]:
    """The settings as TOML values; what is not set is left out."""
    return {"schema_version": len(STEPS) + 1, **settings.model_dump(mode="json", exclude_none=True)}


def settings_from_mapping(mapping: Mapping[str, Any], steps: Sequence[Step] = STEPS) -> tuple[Settings, list[str]]:
    """The settings of a mapping of any schema, and a sentence for each thing in it that cannot be used.

    A value that cannot be used, wherever it stands, is as if it were not there.
    """
    values, faults = migrated(mapping, steps)
    while True:
        try:
            return Settings.model_validate(values), faults
        except ValidationError as error:
            details = {detail["loc"]: detail for detail in error.errors(include_url=False)}
        faults += [_fault(place, detail["type"], detail["msg"], detail["input"]) for place, detail in details.items()]
        # Backwards, so that the numbers of a list's items before it stay right.
        for place in reversed(details):
            _remove(values, place)


def migrated(mapping: Mapping[str, Any], steps: Sequence[Step] = STEPS) -> tuple[dict[str, Any], list[str]]:
    """A copy of the mapping in today's schema without its version, and what is wrong with the version."""
    values = copy.deepcopy(dict(mapping))
    newest = len(steps) + 1
    version = values.pop("schema_version", newest)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        return values, [f"schema_version = {reprlib.repr(version)} is not a version; {newest} is assumed."]
    if version > newest:
        return values, ["The settings were written by a newer version of Thinkpane; what it does not know is ignored."]
    for step in steps[version - 1 :]:
        values = step(values)
    return values, []


def _fault(place: tuple[int | str, ...], kind: str, message: str, value: object) -> str:
    name = ".".join(map(str, place))
    name = name if name.isprintable() else repr(name)
    if kind == "extra_forbidden":
        return f"{name} is not a setting of this version; it is ignored."
    reason = message.removeprefix("Value error, ")
    return f"{name} = {reprlib.repr(value)} cannot be used and is ignored: {reason[:1].lower()}{reason[1:]}."


def _remove(values: Any, place: tuple[int | str, ...]) -> None:
    """Take out what stands at `place`, or the deepest thing on the way to it that is there."""
    first, *rest = place
    if rest and _has(values[first], rest[0]):
        _remove(values[first], tuple(rest))
    else:
        del values[first]


def _has(values: object, key: int | str) -> bool:
    if isinstance(values, dict):
        return key in values
    return isinstance(values, list) and isinstance(key, int) and key < len(values)
