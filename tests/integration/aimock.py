"""Starts, asks and stops aimock, a model server that we did not write, as a process of its own.

What it answers is data: the files in fixtures/, and what a test adds with `add`. Everything here talks to it over
HTTP, and nothing here is used by llmspell itself.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llmspell.settings import ProviderKind

HERE = Path(__file__).parent
FIXTURES = HERE / "fixtures"
START_TIMEOUT = 30.0
"""Seconds. It takes under one; a loaded machine needs more."""


class Aimock:
    """A running server. Its protocols are under `base_url`; `api_key` is the one that it asks for."""

    kind: ProviderKind = "openai"
    """The protocol that the test at hand speaks with it."""

    def __init__(self, url: str, api_key: str) -> None:
        self.url = url
        self.base_url = f"{url}/v1"
        self.api_key = api_key

    def add(self, match: Mapping[str, Any], response: Mapping[str, Any], **options: Any) -> None:
        """Answer `response` to requests that match: a fixture, with options as truncateAfterChunks or latency (ms).

        The first fixture that matches is used, and those of the files come first: match something that is new.
        """
        self._control("POST", "fixtures", {"fixtures": [{"match": match, "response": response, **options}]})

    def fail_next(self, status: int, message: str, kind: str) -> None:
        """Answer the next request, and only that, with an error."""
        self._control("POST", "error", {"status": status, "body": {"message": message, "type": kind}})

    def requests(self) -> list[dict[str, Any]]:
        """The requests that were answered since `forget`, oldest first, each with `headers`, `body` and `response`."""
        answer = self._control("GET", "journal")
        assert isinstance(answer, list)
        return answer

    def forget(self) -> None:
        """Forget the requests; the fixtures stay."""
        self._control("POST", "reset/journal")

    def _control(self, method: str, path: str, body: object = None) -> object:
        request = urllib.request.Request(
            f"{self.url}/__aimock/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json", "authorization": f"Bearer {self.api_key}"},
            method=method,
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as answer:
            return json.load(answer)


@contextmanager
def aimock(*, api_key: str) -> Iterator[Aimock]:
    """A server on a free loopback port for the length of the block, which refuses requests without `api_key`.

    Raises RuntimeError, with what the server wrote, when it does not start.
    """
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules").is_dir():
        raise RuntimeError("aimock is not installed: run `make test-integration`, which installs it with npm")
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(
            [node, str(HERE / "serve.mjs"), str(FIXTURES), api_key],
            cwd=HERE,
            env={**os.environ, "NODE_ENV": "test"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            ready, _, _ = select.select([server.stdout], [], [], START_TIMEOUT)
            url = server.stdout.readline().decode().strip() if ready else ""
            if not url:
                log.seek(0)
                raise RuntimeError(f"aimock did not start: {log.read().decode(errors='replace') or 'no output'}")
            yield Aimock(url, api_key)
        finally:
            server.stdin.close()  # which is how it is told to stop
            try:
                server.wait(5)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
            server.stdout.close()
