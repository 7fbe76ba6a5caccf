"""Certificates of an authority of one's own, by environment; and HTTP/2."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from llmspell.errors import ConnectError
from llmspell.providers.manager import ProviderManager
from llmspell.settings import ProviderSettings

from .helpers import ask
from .tls import Authority, Http2Server


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def asked(authority: Authority, times: int = 1, **fields: Any) -> tuple[list[str], Http2Server]:
    """The answers of so many requests at once, and the server."""

    async def both() -> list[str]:
        async with server.serving(authority.context("h2")):
            providers = ProviderManager(
                {"p": ProviderSettings(name="p", base_url=server.url, **fields)}, "p", environ={}
            )
            try:
                replies = await asyncio.gather(*(providers.get("p").complete(ask()) for _ in range(times)))
            finally:
                await providers.aclose()
            return [reply.text for reply in replies]

    server = Http2Server()
    return asyncio.run(both()), server


def test_requests_share_one_connection_over_http2(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    texts, server = asked(authority, http2=True)
    assert (texts, server.streams, server.connections) == (["over HTTP/2"], 1, 1)
    texts, server = asked(authority, 5, http2=True)
    assert (texts, server.streams) == (["over HTTP/2"] * 5, 5)
    assert server.models == ["m"] * 5
    assert server.connections < 5


def test_an_authority_that_nobody_trusts_is_an_error_of_connecting(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with pytest.raises(ConnectError, match=r"could not connect to 127\.0\.0\.1:\d+: .*certificate verify failed"):
        asked(authority, http2=True)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_an_authority_of_the_environment_is_trusted(
    authority: Authority, variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In a directory, OpenSSL looks for a certificate by the hash of its subject."""
    if variable == "SSL_CERT_DIR":
        hashed = subprocess.run(
            ["openssl", "x509", "-hash", "-noout", "-in", str(authority.file)],
            capture_output=True,
            text=True,
            check=False,
        )
        if hashed.returncode:
            pytest.skip("there is no openssl command")
        (tmp_path / f"{hashed.stdout.strip()}.0").write_bytes(authority.file.read_bytes())
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv(variable, str(tmp_path if variable == "SSL_CERT_DIR" else authority.file))
    assert asked(authority, http2=True)[0] == ["over HTTP/2"]


def test_without_the_package_h2_the_error_names_the_extra() -> None:
    code = (
        "import sys\n"
        "sys.modules['h2'] = None\n"
        "from llmspell.providers.manager import ProviderManager\n"
        "from llmspell.settings import ProviderSettings\n"
        "settings = ProviderSettings(name='p', base_url='https://h/v1', http2=True)\n"
        "try:\n"
        "    ProviderManager({'p': settings}, 'p').get('p')\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error, '|', error.hint)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout == (
        "UsageError provider 'p': `http2` needs the package h2, which is not installed | "
        "install llmspell[http2], or leave out `http2`\n"
    )
