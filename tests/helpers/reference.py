"""Where llama.cpp's own tools are, which `dev.py reference` builds and tests compare with."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


def load_dev() -> ModuleType:
    """`dev.py` as a module: it lies beside the package, where no import finds it by itself."""
    if "dev" not in sys.modules:
        spec = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["dev"] = module  # dataclasses look their module up here
        spec.loader.exec_module(module)
    return sys.modules["dev"]


def reference_tool(name: str) -> Path | None:
    """The tool `name`, such as `llama-completion`, in $THINKPANE_REFERENCE or where dev.py keeps it; else None."""
    dev = load_dev()
    folder = Path(os.environ.get("THINKPANE_REFERENCE") or dev.reference_folder())
    tool = folder / (name + dev.EXE)
    return tool if tool.is_file() else None
