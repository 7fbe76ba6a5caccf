"""The servers that the integration tests share: started once, stopped at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.aimock import Aimock, aimock

API_KEY = "sk-integration-0123456789"


@pytest.fixture(scope="session")
def running() -> Iterator[Aimock]:
    with aimock(api_key=API_KEY) as server:
        yield server


@pytest.fixture
def server(running: Aimock) -> Aimock:
    """aimock, with no requests remembered."""
    running.forget()
    return running
