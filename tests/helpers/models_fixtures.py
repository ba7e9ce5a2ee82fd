"""Models as fixtures: tiny ones, written once a session, and the starter model."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
import pytest

from helpers import tiny_models
from helpers.requirements import unavailable

STARTER = "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tiny models of this session are written."""
    return tmp_path_factory.mktemp("tiny-models")


@pytest.fixture(scope="session")
def reasoning_gguf(tiny_folder: Path) -> Path:
    """Thinks, answers, ends; its template opens the thought."""
    return tiny_models.reasoning_model(tiny_folder / "tiny-reasoning.gguf")


@pytest.fixture(scope="session")
def reasoning_gguf_unopened(tiny_folder: Path) -> Path:
    """Thinks, answers, ends; it writes `<think>` itself."""
    return tiny_models.reasoning_model(tiny_folder / "tiny-reasoning-unopened.gguf", opens_think=False)


@pytest.fixture(scope="session")
def endless_gguf(tiny_folder: Path) -> Path:
    """Thinks until the context is full, at about 1 ms a token; sampled, it does not go round in a circle."""
    return tiny_models.endless_model(tiny_folder / "tiny-endless.gguf", blocks=4, feed_forward=2048)


@pytest.fixture(scope="session")
def loop_gguf(tiny_folder: Path) -> Path:
    """Caught in a loop that only a DRY before top_p lets it leave."""
    return tiny_models.loop_model(tiny_folder / "tiny-loop.gguf")


@pytest.fixture(scope="session")
def unicode_gguf(tiny_folder: Path) -> Path:
    """Its answer has an emoji, CJK and a piece of 41 bytes."""
    return tiny_models.unicode_model(tiny_folder / "tiny-unicode.gguf")


@pytest.fixture(scope="session")
def smollm2_gguf() -> Path:
    """The starter model: THINKPANE_STARTER, or the copy in the app's models folder."""
    folder = platformdirs.user_data_path("thinkpane", appauthor=False) / "models"
    path = Path(os.environ.get("THINKPANE_STARTER") or folder / STARTER)
    return path if path.is_file() else unavailable(STARTER, "python3 dev.py setup fetches it.")
