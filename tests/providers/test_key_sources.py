"""Where an API key is read: a variable, a file that only its owner may read, the system's keyring."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backends import fail, null
from keyrings.alt.file import PlaintextKeyring  # type: ignore[import-untyped]

from llmspell.errors import ProviderAuthError
from llmspell.providers.credentials import key_source, read_key
from llmspell.providers.key_sources import MAX_FILE, Source, is_there, read
from llmspell.settings import ProviderSettings

KEY = "sk-planted-key"


@pytest.fixture
def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The place of KEY in a real keyring."""
    before = keyring.get_keyring()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    keyring.set_keyring(PlaintextKeyring())
    keyring.set_password("http://h/v1", "me", KEY)
    yield "http://h/v1/me"
    keyring.set_keyring(before)


def key_file(path: Path, data: bytes = KEY.encode(), mode: int = 0o600) -> str:
    path.write_bytes(data)
    path.chmod(mode)
    return str(path)


def refused(key: str, place: str) -> ProviderAuthError:
    with pytest.raises(ProviderAuthError) as caught:
        read(Source(key, place), {}, "p")
    assert KEY not in caught.value.message + caught.value.hint
    return caught.value


@pytest.mark.parametrize("data", [KEY, f"{KEY}\n", f"\ufeff {KEY} \r\n"])
@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_key_is_read_from_a_file(data: str, mode: int, tmp_path: Path) -> None:
    settings = ProviderSettings(
        name="p", base_url="http://h", api_key_file=key_file(tmp_path / "k", data.encode(), mode)
    )
    key = read_key(settings, {}, "VENDOR_KEY")
    assert key.value == KEY
    assert KEY not in repr(key)


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a file's mode says nothing")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o620, 0o777])
def test_a_key_file_that_others_may_read_is_not_read(mode: int, tmp_path: Path) -> None:
    error = refused("api_key_file", key_file(tmp_path / "a key", mode=mode))
    assert error.message == f"the key file {tmp_path}/a key is open to others (mode {mode:03o}), and is not read"
    assert error.hint == f"run: chmod 600 '{tmp_path}/a key'"


def test_what_cannot_be_a_key_file_is_said(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(mode=0o700)
    assert "No such file or directory" in refused("api_key_file", str(tmp_path / "none")).message
    assert "it is not a file" in refused("api_key_file", str(tmp_path / "folder")).message
    assert "it is not a file" in refused("api_key_file", str(tmp_path / "pipe")).message
    large = key_file(tmp_path / "large", KEY.encode() * MAX_FILE)
    assert "is larger than any API key: 229,376 bytes" in refused("api_key_file", large).message
    assert "is empty" in refused("api_key_file", key_file(tmp_path / "empty", b" \n")).message
    for data in (f"{KEY}\n{KEY}", f"\x00{KEY}", f"{KEY}é", f"“{KEY}”"):
        wrong = refused("api_key_file", key_file(tmp_path / "wrong", data.encode()))
        assert "holds characters that no API key has" in wrong.message


def test_a_key_is_read_from_the_keyring(entry: str) -> None:
    assert read(Source("api_key_keyring", entry), {}, "p") == KEY
    error = refused("api_key_keyring", "http://h/v1/you")
    assert error.message == "the system's keyring has no password of the user 'you' for the service 'http://h/v1'"
    assert error.hint == "store the key there: keyring set http://h/v1 you"


def test_a_keyring_that_cannot_be_read_is_an_error(entry: str) -> None:
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]
    assert "the system's keyring cannot be read: No recommended backend" in refused("api_key_keyring", entry).message
    keyring.set_keyring(null.Keyring())  # type: ignore[no-untyped-call]
    assert "has no password" in refused("api_key_keyring", entry).message


def test_without_the_extra_the_error_names_it() -> None:
    program = (
        "import sys; sys.modules['keyring'] = None\n"
        "from llmspell.providers.key_sources import Source, read\n"
        "try: read(Source('api_key_keyring', 's/u'), {}, 'p')\n"
        "except Exception as error: print(error.message, error.hint)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == (
        "the API key is kept in the system's keyring, and the package `keyring` is not installed "
        "install llmspell[keyring]\n"
    )


def test_the_vendors_variable_counts_only_where_the_manifest_names_no_place() -> None:
    def place(**settings: str) -> Source | None:
        return key_source(ProviderSettings(name="p", **settings), "VENDOR_KEY")  # type: ignore[arg-type]

    assert place() == Source("api_key_env", "VENDOR_KEY")
    assert place(base_url="http://h") is None
    assert place(api_key_file="k") == Source("api_key_file", "k")
    assert place(api_key_keyring="s/u", base_url="http://h") == Source("api_key_keyring", "s/u")


def test_whether_there_is_a_key_is_told_without_reading_it(tmp_path: Path) -> None:
    open_to_all = key_file(tmp_path / "k", mode=0o644)
    assert is_there(Source("api_key_file", open_to_all), {})
    assert not is_there(Source("api_key_file", str(tmp_path / "none")), {})
    assert is_there(Source("api_key_env", "K"), {"K": KEY})
    assert not is_there(Source("api_key_env", "K"), {})
    assert str(Source("api_key_file", "keys/k")) == "the file keys/k"
