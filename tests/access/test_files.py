"""What is done with files beneath granted folders: which folder is meant, what is refused, what is bounded."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.access.files import BLOCK
from llmspell.access.globs import Glob
from llmspell.access.roots import view
from llmspell.errors import DeniedError, ToolError
from llmspell.settings import FileRoot
from tests.access.grants import files
from tests.manifest.examples import PROPERTY

READ, WRITE = FileRoot(path="data"), FileRoot(path="out", mode="write")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """`data` with two files and a folder, which no test may change, and nothing else."""
    (tmp_path / "data" / "sub").mkdir(parents=True)
    (tmp_path / "data" / "a.txt").write_text("first")
    (tmp_path / "data" / "sub" / "b.txt").write_text("second")
    return tmp_path


def test_folders_without_a_place_lie_over_each_other_in_the_manifests_order(base: Path) -> None:
    granted = files(base, WRITE, READ)
    granted.write("c.txt", b"third")
    (base / "out" / "a.txt").write_text("over it")
    assert granted.read("a.txt") == b"over it"
    assert [entry.path for entry in granted.list()] == ["a.txt", "c.txt", "sub"]
    assert files(base, READ, WRITE).read("a.txt") == b"first"


def test_a_folder_appears_at_its_place_and_the_longest_place_decides(base: Path) -> None:
    (base / "out").mkdir()
    (base / "out" / "a.txt").write_text("mounted")
    granted = files(base, READ, FileRoot(path="out", at="sub/./inner//"), FileRoot(path="out", at="/"))
    assert granted.read("sub/inner/a.txt") == granted.read("/a.txt") == granted.read("//./a.txt") == b"mounted"
    assert granted.read("sub/b.txt") == b"second"
    assert [entry.path for entry in granted.list("sub")] == ["sub/b.txt", "sub/inner"]
    assert [entry.path for entry in granted.glob("**/a.txt")] == ["a.txt", "sub/inner/a.txt"]
    assert [entry.path for entry in granted.list("/")] == ["/a.txt"]


def test_what_only_leads_to_a_granted_folder_is_a_folder_that_nobody_changes(base: Path) -> None:
    granted = files(base, FileRoot(path="data", at="/srv/data", mode="write"))
    assert [entry.path for entry in granted.list("/")] == ["/srv"]
    assert (granted.stat("/srv").type, granted.exists("/srv"), granted.exists("/srv/data/x")) == ("folder", True, False)
    assert [entry.path for entry in granted.glob("/**/*.txt")] == ["/srv/data/a.txt", "/srv/data/sub/b.txt"]
    for attempt in (granted.delete, granted.mkdir, lambda path: granted.write(path, b"")):
        with pytest.raises(DeniedError, match="in no granted folder"):
            attempt("/other")
    with pytest.raises(DeniedError, match="in no granted folder"):
        granted.delete("/srv", recursive=True)


def test_a_folder_granted_for_writing_is_made_when_it_is_first_written_to(base: Path) -> None:
    granted = files(base, FileRoot(path="new/deep", mode="write"))
    with pytest.raises(ToolError) as error:
        granted.read("a.txt")
    assert error.value.hint == "the manifest grants what is no folder: 'new/deep'"
    assert not (base / "new").exists()
    assert granted.write("a.txt", b"1") == 1
    assert (base / "new" / "deep" / "a.txt").read_text() == "1"


@pytest.mark.parametrize("order", [(READ, WRITE), (WRITE, READ)], ids=["read first", "write first"])
def test_what_exists_in_a_folder_granted_for_reading_is_never_hidden(base: Path, order: tuple[FileRoot, ...]) -> None:
    granted = files(base, *order)
    granted.write("c.txt", b"new")
    for attempt in (
        lambda: granted.write("a.txt", b"x"),
        lambda: granted.append("a.txt", b"x"),
        lambda: granted.copy("c.txt", "a.txt", overwrite=True),
        lambda: granted.move("c.txt", "a.txt", overwrite=True),
        lambda: granted.move("a.txt", "d.txt"),
        lambda: granted.delete("a.txt"),
        lambda: granted.delete("sub", recursive=True),
        lambda: granted.mkdir("a.txt/x"),
        lambda: granted.move("c.txt", "sub"),
    ):
        with pytest.raises(DeniedError, match="granted for reading only") as error:
            attempt()
        assert error.value.hint == "grant 'data' with `mode = \"write\"` in `roots` under [tools.t]"
    assert {path.name for path in base.rglob("*") if path.is_file()} == {"a.txt", "b.txt", "c.txt"}


def test_a_folder_may_lie_over_one_that_is_granted_for_reading(base: Path) -> None:
    granted = files(base, READ, WRITE)
    with pytest.raises(ToolError, match="there is no folder 'sub' to write into"):
        granted.write("sub/c.txt", b"")
    granted.mkdir("sub/deep")
    granted.write("sub/c.txt", b"third")
    assert [entry.path for entry in granted.walk("sub")] == ["sub/b.txt", "sub/c.txt", "sub/deep"]
    assert not (base / "data" / "sub" / "c.txt").exists()


def test_what_is_denied_names_the_key_that_would_grant_it(base: Path) -> None:
    with pytest.raises(DeniedError) as error:
        files(base).read("a.txt")
    assert error.value.hint == 'grant one with `roots = [{ path = "data" }]` under [tools.t]'
    with pytest.raises(DeniedError) as error:
        files(base, READ, FileRoot(path="out", mode="write", at="/tmp")).read("/etc/passwd")
    assert error.value.hint == "`roots` under [tools.t] grants 'data' (read), 'out' at '/tmp' (write)"


def test_files_are_written_appended_to_copied_moved_and_deleted(base: Path) -> None:
    granted = files(base, READ, WRITE)
    assert granted.append("log", b"1\n") == 2
    assert granted.append("log", b"2\n") == 4
    assert granted.copy("sub/b.txt", "copy") == 6
    granted.mkdir("folder")
    granted.mkdir("folder")
    granted.move("copy", "folder/moved")
    granted.move("folder", "renamed")
    assert (granted.read("log"), granted.read("renamed/moved")) == (b"1\n2\n", b"second")
    assert granted.stat("renamed/moved").size == 6
    with pytest.raises(ToolError, match="the folder is not empty"):
        granted.delete("renamed")
    granted.delete("renamed", recursive=True)
    granted.delete("log")
    assert list((base / "out").iterdir()) == []


def test_nothing_is_replaced_unless_it_is_said(base: Path) -> None:
    granted = files(base, WRITE)
    granted.write("a", b"1")
    granted.write("b", b"2")
    for attempt in (
        lambda: granted.write("a", b"3", overwrite=False),
        lambda: granted.copy("b", "a"),
        lambda: granted.move("b", "a"),
    ):
        with pytest.raises(ToolError, match="'a' exists already") as error:
            attempt()
        assert error.value.details == {"tool": "t", "reason": "exists"}
    assert granted.read("a") == b"1"
    granted.move("b", "a", overwrite=True)
    assert granted.read("a") == b"2"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_a_file_keeps_its_permissions(base: Path, mode: int) -> None:
    granted = files(base, WRITE)
    granted.write("a", b"1")
    (base / "out" / "a").chmod(mode)
    granted.write("a", b"2")
    granted.append("a", b"3")
    assert (base / "out" / "a").stat().st_mode & 0o7777 == mode


def test_a_file_that_is_marked_read_only_stays_as_it_is(base: Path) -> None:
    (base / "out").mkdir()
    (base / "out" / "a").write_text("1")
    (base / "out" / "a").chmod(0o444)
    with pytest.raises(ToolError, match="marked as read-only"):
        files(base, WRITE).write("a", b"2")


def test_a_link_is_written_through_and_deleted_itself(base: Path) -> None:
    (base / "out" / "real").mkdir(parents=True)
    (base / "out" / "link").symlink_to("real/file")
    granted = files(base, WRITE)
    granted.write("link", b"1")
    assert (base / "out" / "real" / "file").read_text() == "1"
    granted.delete("link")
    assert granted.read("real/file") == b"1"


@pytest.mark.parametrize("path", ["", ".", "/tmp"])
def test_a_granted_folder_itself_is_neither_moved_nor_deleted(base: Path, path: str) -> None:
    granted = files(base, WRITE, FileRoot(path="tmp", mode="write", at="/tmp"))
    granted.write("a", b"")
    granted.write("/tmp/a", b"")
    with pytest.raises(ToolError, match="is a granted folder itself"):
        granted.delete(path, recursive=True)
    with pytest.raises(ToolError, match="is a granted folder itself"):
        granted.move(path, "b")
    with pytest.raises(ToolError, match="exists already"):
        granted.move("a", path, overwrite=True)
    assert granted.exists(f"{path}/a" if path else "a")


def test_appends_at_once_all_arrive(base: Path) -> None:
    granted = files(base, WRITE)
    threads = [threading.Thread(target=granted.append, args=("log", b"%d\n" % n)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, granted.read("log").split())) == list(range(20))


def test_the_size_of_a_file_is_bounded_when_it_is_read_and_when_it_is_written(base: Path) -> None:
    granted = files(base, READ, WRITE, max_file=5)
    assert granted.read("a.txt") == b"first"
    granted.write("c", b"12345")
    for attempt in (
        lambda: granted.read("sub/b.txt"),
        lambda: granted.copy("sub/b.txt", "d"),
        lambda: granted.write("d", b"123456"),
        lambda: granted.append("c", b"6"),
        lambda: granted.read("sub/b.txt", offset=0),
    ):
        with pytest.raises(ToolError, match="larger than 5 bytes") as error:
            attempt()
        assert "max_file_size" in error.value.hint
    assert granted.read("sub/b.txt", offset=1, limit=3) == b"eco"
    assert os.listdir(base / "out") == ["c"]


def test_what_a_run_writes_is_bounded_empty_files_and_folders_included(base: Path) -> None:
    granted = files(base, WRITE, max_written=3 * BLOCK)
    granted.write("a", b"")
    granted.mkdir("b")
    with pytest.raises(ToolError, match="this run may write 12,288 bytes") as error:
        granted.write("c", b"x" * (BLOCK + 1))
    assert ("max_write_size" in error.value.hint, error.value.details["reason"]) == (True, "too_much")
    assert sorted(os.listdir(base / "out")) == ["a", "b"]


def test_a_listing_is_bounded(base: Path) -> None:
    many = base / "data" / "many"
    many.mkdir()
    for n in range(10_001):
        (many / f"{n}").touch()
    granted = files(base, READ)
    with pytest.raises(ToolError, match="'many' has more than 10,000 entries"):
        granted.list("many")
    with pytest.raises(ToolError, match=r"'\*\*' has more than 10,000 entries") as error:
        granted.glob("**")
    assert error.value.details["reason"] == "too_much"
    assert [entry.path for entry in granted.glob("**/10000")] == ["many/10000"]


def test_names_that_a_script_could_not_give_back_are_left_out(base: Path) -> None:
    for name in (b"\xff.txt", b"line\nbreak"):
        (base / "data" / os.fsdecode(name)).touch()
    assert [entry.path for entry in files(base, READ).list()] == ["a.txt", "sub"]


NAMES = st.lists(st.sampled_from(["a", "b", "ab", ".a"]), max_size=5)
PARTS = st.lists(st.sampled_from(["a", "*", "?", "a*", "[ab]", "**"]), max_size=5)


def naive(names: list[str], parts: list[str]) -> bool:
    if not parts:
        return not names
    if parts[0] == "**":
        return naive(names, parts[1:]) or (bool(names) and naive(names[1:], parts))
    if not names:
        return False
    first = names[0]
    one = {"*": True, "?": len(first) == 1, "a*": first.startswith("a"), "a": first == "a", "[ab]": first in ("a", "b")}
    return one[parts[0]] and naive(names[1:], parts[1:])


@PROPERTY
@given(NAMES, PARTS)
def test_a_pattern_fits_what_its_parts_say_and_looks_into_every_folder_that_it_must(
    names: list[str], parts: list[str]
) -> None:
    glob = Glob(parts)
    assert glob.fits(names) == naive(names, parts)
    assert not glob.fits(names) or all(glob.may_fit_below(names[:end]) for end in range(len(names)))


def test_a_pattern_takes_no_time_to_speak_of() -> None:
    assert not Glob(["**", "a*a*a*a*a*a*b"] * 20).fits(["a" * 200] * 60)


@PROPERTY
@given(st.text(alphabet=st.sampled_from("./a\0\n\udcffü~\\"), max_size=12))
def test_a_path_is_names_or_it_is_denied(path: str) -> None:
    try:
        seen = view(path)
    except DeniedError:
        assert ".." in path.split("/") or not path.isprintable()
    else:
        assert not {"", ".", ".."} & set(seen.names)
        assert view(str(seen)) == seen
