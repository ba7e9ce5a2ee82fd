"""The wheel carries every package, and what stands beside them in the source tree."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_wheel_carries_every_package_and_what_is_bundled() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    packages = {".".join(file.parent.relative_to(ROOT).parts) for file in (ROOT / "app").rglob("__init__.py")}
    assert set(setuptools["packages"]) == packages | set(setuptools["package-dir"])
    assert set(setuptools["package-dir"].values()) == {"presets", "resources"}
