"""Things a test needs that are not in the repository: without them it is skipped, or fails where it must run."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def unavailable(what: str, remedy: str) -> NoReturn:
    """Skip the test; with THINKPANE_REQUIRE_REFERENCE=1 (set by CI) fail it."""
    if os.environ.get("THINKPANE_REQUIRE_REFERENCE") == "1":
        pytest.fail(f"{what} is missing: {remedy}")
    pytest.skip(f"{what} is missing: {remedy}")
