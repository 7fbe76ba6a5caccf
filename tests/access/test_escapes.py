"""What must not lead out of a granted folder: every attempt is refused, and nothing outside has changed afterwards.

The granted folder is full of traps, as an enemy who can write into it would leave them.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from llmspell.access.files import Files
from llmspell.errors import DeniedError, ToolError
from llmspell.settings import FileRoot
from tests.access.grants import files, snapshot

Attempt = Callable[[Files, str], object]

OPERATIONS: dict[str, Attempt] = {
    "read": lambda granted, path: granted.read(path),
    "write": lambda granted, path: granted.write(path, b"owned"),
    "append": lambda granted, path: granted.append(path, b"owned"),
    "copy from": lambda granted, path: granted.copy(path, "stolen.txt"),
    "copy to": lambda granted, path: granted.copy("a.txt", path, overwrite=True),
    "list": lambda granted, path: granted.list(path),
    "walk": lambda granted, path: list(granted.walk(path)),
    "stat": lambda granted, path: granted.stat(path),
    "mkdir": lambda granted, path: granted.mkdir(f"{path}/made"),
    "move from": lambda granted, path: granted.move(f"{path}/secret.txt", "stolen.txt"),
    "move to": lambda granted, path: granted.move("a.txt", f"{path}/a.txt"),
    "delete": lambda granted, path: granted.delete(f"{path}/secret.txt", recursive=True),
}
CONTENT = ("read", "write", "append", "copy from", "copy to")
"""Those that open what a path means, and nothing beneath it."""

DOTS = [
    "..", "../", "../.", "./..", "../..", "..//", "//..", "sub/..", "sub/../", "sub/../..", "sub/../a.txt",
    "a.txt/..", "a.txt/../a.txt", "none/..", "none/../../outside/secret.txt", "../outside", "../outside/secret.txt",
    "./../outside/secret.txt", ".//..//outside//secret.txt", "sub/../../outside/secret.txt",
    "sub/deep/../../../outside/secret.txt", "sub/./../.././outside/secret.txt", "../granted/a.txt", "out_folder/..",
    "inside/../../outside/secret.txt", "../../../../../../../../../../etc/passwd", "/../etc/passwd",
    "/view/..", "/view/../etc/passwd", "/view/../../etc/passwd", "/view//..//outside", "/view/none/../../outside",
]  # fmt: skip
ABSOLUTE = [
    "/etc/passwd", "//etc/passwd", "///etc/passwd", "/./etc/passwd", "/proc/self/root/etc/passwd", "/proc/self/environ",
    "/proc/self/cwd/a.txt", "/proc/self/fd/0", "/proc/1/root", "/dev/null", "/dev/zero", "/dev/stdin", "/dev/tty",
    "/sys/kernel/hostname", "/root/.ssh/id_rsa", "/viewx/a", "/VIEW/a", "/view\u200b/a", "/View", "/outside/secret.txt",
    "{base}/outside/secret.txt", "{base}/granted/a.txt", "{base}/granted",
]  # fmt: skip
CHARACTERS = [
    "a.txt\0", "a.txt\0.png", "\0", "\0/etc/passwd", "out_file\0", "sub/\0/../x", "a\nb", "a.txt\r\n",
    "\x1b[2J", "\x7f",
    "\udcff", "\ud800.txt", "sub/\udcae\udcae/x",
]  # fmt: skip
LENGTHS = ["n" * 256, "ü" * 128, "😀" * 64, "sub/" + "n" * 5000, "d/" * 70 + "x", "./" * 3000 + "x", "d/" * 5000]
LINKS = [
    "out_file", "out_folder", "out_folder/", "out_folder/.", "out_folder/secret.txt", "out_folder/new.txt",
    "out_folder/sub", "out_folder/sub/inner.txt", "absolute_file", "absolute_folder", "absolute_folder/secret.txt",
    "absolute_inside", "absolute_home", "absolute_home/sub", "chain_1", "chain_2", "chain_folder/secret.txt", "up",
    "up/outside/secret.txt", "up/granted", "up/granted/a.txt", "down_and_up", "down_and_up/secret.txt", "far_up",
    "dotted/secret.txt", "process/etc/passwd", "process", "descriptors/0", "zero", "dangling_out", "dangling_absolute",
    "loop", "loop/x", "ring_1", "ring_1/x", "long_chain_0", "long_way", "sub/up_up/outside/secret.txt",
    "read_only_out/secret.txt", "wide",
]  # fmt: skip
NOT_FILES = ["pipe", "socket", "sub", "", ".", "./", "inside", "pipe_link"]
BENEATH_FILES = ["a.txt/x", "a.txt/x/y", "inside/b.txt/x", "none/x", "pipe/x", "socket/x", "file_link/x", "dangling/x"]
LOOK_ALIKES = [
    "~", "~/secret.txt", "~root/secret.txt", "....", "....//", "....//outside", "...", ".../...", "..\\..\\outside",
    "..\\outside\\secret.txt", "..%2foutside", "%2e%2e/outside/secret.txt", "..%c0%afoutside", "\u2024\u2024/outside",
    "\u2025/outside/secret.txt", "\uff0e\uff0e/outside", "..\u200b/outside", ".. /outside", " ../outside",
    "..;/outside",
    "..\uff0foutside", "C:\\secret.txt", "file:///etc/passwd", "file:../outside", "\\\\host\\share", "a.txt.", "a.txt ",
    "a.txt::$DATA", "A.TXT", "Sub/deep", "cafe\u0301.txt", "ﬁle", "$HOME/secret.txt", "${PWD}/x", "`id`",
    "$(id)", "|id",
    "-rf", "*", "out*", "../outside"[1:], "con", "nul.txt", "a.txt\u202e", "\u2044etc\u2044passwd", "%00",
    "a.txt%00.png",
]  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`granted` is granted for writing, `kept` for reading, `scratch` at /view for writing,
    and `outside` not at all."""
    base = tmp_path_factory.mktemp("base")
    for folder in ("granted/sub/deep", "outside/sub", "scratch", "kept"):
        (base / folder).mkdir(parents=True)
    (base / "outside/secret.txt").write_text("secret")
    (base / "outside/sub/inner.txt").write_text("secret")
    granted = base / "granted"
    for name in ("a.txt", "sub/deep/b.txt", "caf\u00e9.txt"):
        (granted / name).write_text("inside")
    links = {
        "out_file": "../outside/secret.txt", "out_folder": "../outside", "inside": "sub/deep", "file_link": "a.txt",
        "absolute_file": f"{base}/outside/secret.txt", "absolute_folder": f"{base}/outside",
        "absolute_inside": f"{base}/granted/a.txt", "absolute_home": f"{base}/granted",
        "chain_1": "chain_2", "chain_2": "sub/../out_file", "chain_folder": "./out_folder/.", "up": "..",
        "down_and_up": "sub/deep/../../../outside", "far_up": "../" * 40 + "etc/passwd", "dotted": "././.././outside/",
        "process": "/proc/self/root", "descriptors": "/proc/self/fd", "zero": "/dev/zero",
        "dangling_out": "../outside/new.txt", "dangling_absolute": f"{base}/outside/new.txt", "dangling": "nothing",
        "loop": "loop", "ring_1": "ring_2", "ring_2": "sub/../ring_1", "long_way": "sub/../" * 200 + "a.txt",
        "sub/up_up": "../..", "pipe_link": "pipe", "wide": "sub/deep/../" * 300, "../kept/read_only_out": "../outside",
    }  # fmt: skip
    links |= {f"long_chain_{n}": f"long_chain_{n + 1}" for n in range(150)}
    for name, target in links.items():
        (granted / name).symlink_to(target)
    os.mkfifo(granted / "pipe")
    here = os.getcwd()
    os.chdir(granted)  # a socket's name is short
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("socket")
    finally:
        os.chdir(here)
    return base


def refused(base: Path, path: str, operations: tuple[str, ...]) -> None:
    before = [snapshot(base / name) for name in ("outside", "kept")]
    open_files = os.listdir("/dev/fd")
    granted = files(
        base,
        FileRoot(path="kept"),
        FileRoot(path="granted", mode="write"),
        FileRoot(path="scratch", mode="write", at="/view"),
    )
    for name in operations:
        with pytest.raises((DeniedError, ToolError)) as error:
            OPERATIONS[name](granted, path.replace("{base}", str(base)))
        assert str(error.value).startswith("t: "), name
        assert str(error.value).isprintable()
        assert len(str(error.value)) < 500
    assert [snapshot(base / name) for name in ("outside", "kept")] == before
    assert len(os.listdir("/dev/fd")) <= len(open_files)  # fewer where garbage of other tests goes in between
    assert not (base / "granted/stolen.txt").exists()
    assert (base / "granted/a.txt").read_text() == "inside"


@pytest.mark.parametrize("path", [*DOTS, *ABSOLUTE, *CHARACTERS, *LENGTHS], ids=lambda path: ascii(path[:40]))
def test_a_path_that_means_nothing_beneath_is_denied(base: Path, path: str) -> None:
    refused(base, path, tuple(OPERATIONS))
    with pytest.raises(DeniedError):
        files(base, FileRoot(path="granted"), FileRoot(path="scratch", at="/view")).read(
            path.replace("{base}", str(base))
        )


@pytest.mark.parametrize("path", LINKS)
def test_no_link_leads_out(base: Path, path: str) -> None:
    refused(base, path, tuple(OPERATIONS))


@pytest.mark.parametrize("path", NOT_FILES, ids=ascii)
def test_what_is_no_regular_file_is_not_opened(base: Path, path: str) -> None:
    refused(base, path, CONTENT)


@pytest.mark.parametrize("path", BENEATH_FILES)
def test_nothing_is_beneath_what_is_no_folder(base: Path, path: str) -> None:
    refused(base, path, (*CONTENT, "list", "walk", "stat", "move from", "move to", "delete"))


@pytest.mark.parametrize("path", LOOK_ALIKES, ids=ascii)
def test_what_only_looks_like_a_way_out_is_a_name_inside(base: Path, path: str, tmp_path: Path) -> None:
    refused(base, path, ("read", "copy from", "list", "stat"))
    outside = snapshot(base)
    granted = files(tmp_path, FileRoot(path="empty", mode="write"))
    try:
        granted.write(path, b"inside")
    except (DeniedError, ToolError):
        assert list(tmp_path.glob("empty/*")) == []
    else:
        assert [file.read_bytes() for file in tmp_path.glob("empty/*")] == [b"inside"]
        assert granted.read(path) == b"inside"
    assert snapshot(base) == outside
    assert list(tmp_path.glob("*")) in ([], [tmp_path / "empty"])


@pytest.mark.parametrize(
    "pattern", ["../*", "*/../../*", "/*", "/etc/*", "sub/../../*", "out_folder/*", "up/**", "\0*"]
)
def test_no_pattern_reaches_out(base: Path, pattern: str) -> None:
    granted = files(base, FileRoot(path="granted"))
    with pytest.raises(DeniedError):
        granted.glob(pattern)


def test_a_walk_follows_no_link(base: Path) -> None:
    found = {entry.path: entry.type for entry in files(base, FileRoot(path="granted")).glob("**")}
    assert {path for path in found if "/" in path} == {"sub/deep", "sub/deep/b.txt", "sub/up_up"}
    assert (found["up"], found["inside"], found["pipe"], found["socket"]) == ("link", "link", "other", "other")


def test_a_link_that_stays_inside_is_followed(base: Path) -> None:
    granted = files(base, FileRoot(path="granted"))
    assert granted.read("file_link") == granted.read("inside/b.txt") == b"inside"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
@pytest.mark.parametrize("device", [(1, 3), (1, 5), (5, 0)], ids=["null", "zero", "tty"])
def test_no_device_is_opened(tmp_path: Path, device: tuple[int, int]) -> None:
    try:
        os.mknod(tmp_path / "device", 0o020666, os.makedev(*device))
    except PermissionError:
        pytest.skip("this system lets nobody make devices")
    granted = files(tmp_path, FileRoot(path=".", mode="write"))
    for attempt in (granted.read, lambda path: granted.write(path, b"x"), lambda path: granted.append(path, b"x")):
        with pytest.raises(ToolError, match="not a regular file"):
            attempt("device")


def test_writing_to_a_hard_link_leaves_the_other_name_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "granted").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    os.link(tmp_path / "secret.txt", tmp_path / "granted" / "name")
    granted = files(tmp_path, FileRoot(path="granted", mode="write"))
    granted.append("name", b"+")
    granted.write("name", b"mine")
    assert (tmp_path / "secret.txt").read_text() == "secret"


def test_a_link_that_a_script_moves_into_the_place_of_a_granted_folder_is_not_followed(tmp_path: Path) -> None:
    """A folder above is granted too, and a link out of it lies about: the script cannot make one, but move it."""
    for folder in ("granted/inner", "outside"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "outside/secret.txt").write_text("secret")
    (tmp_path / "granted/link").symlink_to(tmp_path / "outside")
    before = snapshot(tmp_path / "outside")
    inner = FileRoot(path="granted/inner", mode="write", at="/inner")
    missing = FileRoot(path="granted/missing/deep", mode="write", at="/missing")
    granted = files(tmp_path, FileRoot(path="granted", mode="write"), inner, missing)
    granted.write("a.txt", b"inside")
    granted.move("inner", "elsewhere")
    granted.move("link", "inner")
    for path in ("/inner/secret.txt", "/inner"):
        refused_by(granted, path)
    granted.move("inner", "missing")
    refused_by(granted, "/missing/secret.txt")
    assert snapshot(tmp_path / "outside") == before


def refused_by(granted: Files, path: str) -> None:
    for name in (*CONTENT, "list", "stat"):
        with pytest.raises((DeniedError, ToolError)):
            OPERATIONS[name](granted, path)
