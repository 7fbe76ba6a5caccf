"""Media in a run: from folders, from the command line, into requests and back."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from llmspell.errors import InvalidMedia, UsageError
from llmspell.manifest.load import parse_manifest
from llmspell.runtime import ScriptRuntime
from tests.providers.loopback import Loopback, Reply, Request, answer, chat
from tests.runtime.running import Ran, ran, run, runtime

from .made import SECRET, jpeg, png, saved, wav

ROOTS = '[media]\nroots = [{ path = "in" }, { path = "out", mode = "write", at = "out" }]\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "photo.jpg").write_bytes(jpeg())
    (tmp_path / "in" / "memo.wav").write_bytes(wav(seconds=2))
    (tmp_path / "in" / "wrong.png").write_bytes(jpeg())
    return tmp_path


def asked(server: Loopback, source: str, manifest: str = "", **given: Any) -> Ran:
    head = f'[providers.p]\nkind = "openai"\nmodel = "m"\nbase_url = "{server.url}/v1"\n{manifest}\n'
    return asyncio.run(ran('local agent = Agent.create { name = "a" } ' + source, head, **given))


def image_of(request: Request) -> bytes:
    part = request.json["messages"][-1]["content"][-1]
    head, _, data = part["image_url"]["url"].partition(",")
    assert head == "data:image/jpeg;base64"
    return base64.b64decode(data)


# ---- folders ----


def test_a_file_of_a_granted_folder_is_a_handle(folder: Path) -> None:
    source = """
      local photo = Media.load("photo.jpg")
      assert(photo:bytes():sub(1, 3) == "\\xff\\xd8\\xff")
      photo:save("out/copy.jpg")
      assert(Media.load("out/copy.jpg") == photo)
      return { photo.type, photo.format, photo.filename, photo.size, photo.metadata.width, photo.metadata.dpi }
    """
    expected = ["image", "jpeg", "photo.jpg", len(jpeg()), 64, [300.0, 300.0]]
    assert run(source, ROOTS, base=folder).result == expected
    assert (folder / "out" / "copy.jpg").read_bytes() == jpeg()


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ('Media.load("wrong.png")', "invalid_media", "'wrong.png' is a JPEG, and its name ends in .png"),
        ('Media.load("nothing.jpg")', "argument", "there is no 'nothing.jpg' in the granted folders"),
        ('Media.load("../secret")', "denied", "'../secret' has '..' in it"),
        ('Media.load("/etc/passwd")', "denied", "'/etc/passwd' is in no granted folder"),
        ('Media.load(".")', "argument", "is a folder"),
        ('Media.load("photo.jpg"):save("photo2.jpg")', "denied", "granted for reading only"),
        ('Media.load("\\xff")', "argument", "a path that is UTF-8 text expected"),
    ],
)
def test_what_cannot_be_loaded_or_saved(source: str, kind: str, message: str, folder: Path) -> None:
    error = run(source, ROOTS, base=folder).error
    assert error.kind == kind
    assert message in error.message


def test_a_file_that_changes_afterwards_does_not_change_the_handle(folder: Path) -> None:
    async def both() -> Ran:
        with Loopback(chat("seen")) as server:
            head = f'[providers.p]\nkind = "openai"\nmodel = "m"\nbase_url = "{server.url}/v1"\n'
            head += '[media]\nroots = [{ path = "in", mode = "write" }]\n'
            source = """
              local big = Media.load("big.txt")
              Media.from_bytes("short"):save("big.txt")
              assert(#big:bytes() == 200000 and Media.load("big.txt").size == 5)
              Agent.create { name = "a" }:execute { text = "?", media = { big } }
            """
            (folder / "in" / "big.txt").write_text("x" * 200_000)
            ended = await ran(source, head, base=folder)
            assert "x" * 200_000 in json.dumps(server.requests[0].json)
            return ended

    assert asyncio.run(both()).report.error is None


def test_the_media_of_a_run_have_a_total() -> None:
    source = """
      for i = 1, 30 do Media.from_bytes(("x"):rep(100000) .. i) end
    """
    error = run(source, '[media]\ntotal_size = "2MB"').error
    message = "the media of the run would have 2,100,033 bytes together, and may have 2,097,152"
    assert (error.kind, error.message) == ("invalid_media", message)
    assert "held until the run ends" in error.hint
    assert "`total_size`" in error.hint


def test_a_run_has_500_media_at_most() -> None:
    error = run('for i = 1, 501 do Media.from_bytes("text " .. i) end').error
    assert (error.kind, error.message) == ("invalid_media", "the run holds 500 media, which is the most")
    assert "total_size" not in error.hint


def test_the_bytes_of_a_large_medium_do_not_go_into_a_script(folder: Path) -> None:
    (folder / "in" / "large.bin").write_bytes(bytes(32 << 20))
    error = run('Media.load("large.bin"):bytes()', ROOTS, base=folder).error
    assert (error.kind, error.message) == (
        "argument",
        "media:bytes: this has 32 MB, and 31 MB at most go into a script",
    )


def test_a_handle_goes_through_tasks_and_is_a_table_in_state_and_json() -> None:
    ended = run("""
      local medium = Task.await(Task.spawn(function() return Media.from_bytes("words") end))
      assert(medium == Media.from_bytes("words") and medium ~= Media.from_bytes("other") and medium:bytes() == "words")
      State.set("medium", medium)
      for _, copy in ipairs { State.get("medium"), JSON.parse(JSON.stringify(medium)) } do
        assert(copy.sha256 == medium.sha256 and copy.bytes == nil and copy ~= medium)
      end
      return medium.size
    """)
    assert (ended.report.error, ended.result) == (None, 5)


def test_bytes_count_as_the_scripts_memory() -> None:
    source = """
      local big = Media.from_bytes(("x"):rep(3000000))
      local held = {}
      for i = 1, 100 do held[i] = big:bytes() end
    """
    assert run(source, '[runtime]\nmemory = "20MB"').error.kind == "limit"


# ---- attached ----


def test_attached_files_are_in_run_media(folder: Path) -> None:
    paths = [str(folder / "in" / name) for name in ("photo.jpg", "memo.wav")]
    source = "return { #Run.media, Run.media[1].format, Run.media[2].metadata.duration, Run.media[2].filename }"
    report = asyncio.run(runtime().report(source, attach=paths))
    assert report.error is None
    assert report.output.result == [2, "jpeg", pytest.approx(2, abs=0.02), "memo.wav"]


def test_what_cannot_be_attached_is_said_before_the_run(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    for name, kind, message in (
        ("nothing.jpg", UsageError, "there is no file"),
        ("pipe", UsageError, "is not a regular file"),
        ("in", UsageError, "Is a directory"),
        ("in/wrong.png", InvalidMedia, "'wrong.png' is a JPEG"),
    ):
        with pytest.raises(kind, match=message):
            asyncio.run(runtime().report("return 1", attach=[str(folder / name)]))


# ---- to and from providers ----


@pytest.mark.parametrize("way", ["execute", "stream_execute"])
def test_what_is_sent_has_no_metadata_and_is_upright(way: str, folder: Path) -> None:
    (folder / "in" / "turned.jpg").write_bytes(jpeg(orientation=6))
    source = f"""
      local photo = Media.load("turned.jpg")
      assert(photo.metadata.width == 48 and photo.metadata.height == 64, "as shown")
      local out = agent:{way} {{ text = "?", media = {{ photo }} }}
      if out.collect then out:collect() end
      assert(photo:bytes():find("{SECRET}", 1, true), "the handle is what was loaded")
    """
    with Loopback(chat("x")) as server:
        ended = asked(server, source, ROOTS, base=folder)
    assert ended.report.error is None, ended.report.error
    data = image_of(server.requests[0])
    assert SECRET.encode() not in data
    import io

    from PIL import Image

    assert Image.open(io.BytesIO(data)).size == (48, 64)


def test_metadata_are_sent_where_the_manifest_says_so(folder: Path) -> None:
    with Loopback(chat("x")) as server:
        asked(server, 'agent:execute { text = "?", media = { Media.load("photo.jpg") } }',
              ROOTS + "strip_metadata = false", base=folder)  # fmt: skip
    assert image_of(server.requests[0]) == jpeg()


LIMIT = "[providers.p.capabilities]\nmax_media_size = { image = '2KB', audio = '1KB' }\n"


def noisy() -> bytes:
    from PIL import Image

    return saved(Image.effect_noise((100, 100), 90), "JPEG")


def test_what_is_too_large_for_the_model_is_said_with_what_would_fit(folder: Path) -> None:
    (folder / "in" / "noisy.jpg").write_bytes(noisy())
    with Loopback(answer(500)) as server:
        image = asked(server, 'agent:execute { text = "?", media = { Media.load("noisy.jpg") } }', LIMIT + ROOTS,
                      base=folder).error  # fmt: skip
        sound = asked(server, 'agent:execute { text = "?", media = { Media.load("memo.wav") } }', LIMIT + ROOTS,
                      base=folder).error  # fmt: skip
    assert server.requests == []
    assert (image.kind, sound.kind) == ("invalid_media", "invalid_media")
    assert "model 'm' of provider 'p' takes image of at most 2,048 bytes, and 'noisy.jpg' has" in image.message
    assert "pixels of it would fit; `resize = true` under [media] makes images smaller" in image.hint
    assert "about 0 of its 2 seconds would fit" in sound.hint


def test_images_are_made_smaller_where_the_manifest_says_so(folder: Path) -> None:
    (folder / "in" / "noisy.jpg").write_bytes(noisy())
    source = 'local i = Media.load("noisy.jpg") agent:execute { text = "?", media = { i } } return i.size'
    with Loopback(chat("x")) as server:
        ended = asked(server, source, LIMIT + ROOTS + "resize = true", base=folder)
    assert ended.result == (folder / "in" / "noisy.jpg").stat().st_size
    assert len(image_of(server.requests[0])) <= 2048


SIDE = "[providers.p.capabilities]\nmax_image_side = 50\n"


def test_an_image_of_too_many_pixels_for_the_model_is_said_with_what_would_fit(folder: Path) -> None:
    with Loopback(answer(500)) as server:
        error = asked(server, 'agent:execute { text = "?", media = { Media.load("photo.jpg") } }', SIDE + ROOTS,
                      base=folder).error  # fmt: skip
    assert server.requests == []
    assert error.kind == "invalid_media"
    assert "model 'm' of provider 'p' takes images of at most 50 x 50 pixels, and 'photo.jpg' has 64 x 48" in (
        error.message
    )
    assert error.hint.startswith("50 x 37 pixels of it would fit; `resize = true` under [media] makes images smaller")


def test_an_image_is_made_as_small_as_the_model_takes_where_the_manifest_says_so(folder: Path) -> None:
    source = 'agent:execute { text = "?", media = { Media.load("photo.jpg") } }'
    with Loopback(chat("x")) as server:
        asked(server, source, SIDE + ROOTS + "resize = true", base=folder)
    assert Image.open(io.BytesIO(image_of(server.requests[0]))).size == (50, 38)


def reply_with(image: bytes, mime: str = "image/png") -> Any:
    url = f"data:{mime};base64,{base64.b64encode(image).decode()}"
    message = {"role": "assistant", "content": "here", "images": [{"type": "image_url", "image_url": {"url": url}}]}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "model": "m", "usage": {}}
    return answer(200, json.dumps(body).encode())


def test_media_of_an_answer_are_looked_at_and_can_be_saved_and_sent_again(folder: Path) -> None:
    source = """
      local image = agent:execute { text = "draw" }.media[1]
      image:save("out/drawn.png")
      agent:execute { text = "again", media = { image } }
      return { image.type, image.mime, image.metadata.width }
    """
    with Loopback(reply_with(png())) as server:
        ended = asked(server, source, ROOTS, base=folder)
    assert ended.result == ["image", "image/png", 64]
    assert (folder / "out" / "drawn.png").read_bytes() == png()
    url = server.requests[1].json["messages"][-1]["content"][-1]["image_url"]["url"]
    assert SECRET.encode() not in base64.b64decode(url.partition(",")[2])


@pytest.mark.parametrize(
    ("image", "mime", "message"),
    [
        (jpeg(), "image/png", "a medium of the answer: this is a JPEG, and it was declared as image/png"),
        (png()[:-9], "image/png", "a medium of the answer: this is a PNG that is broken: it is cut off"),
    ],
)  # fmt: skip
def test_media_of_an_answer_that_are_not_what_they_claim_are_an_error(image: bytes, mime: str, message: str) -> None:
    with Loopback(reply_with(image, mime)) as server:
        error = asked(server, 'agent:execute { text = "draw" }').error
    assert error.kind == "invalid_media"
    assert message in error.message


def test_a_large_file_is_sent_as_it_is_read(tmp_path: Path) -> None:
    """A WAV of 12 MB, of which the request's length is known before it is read."""
    (tmp_path / "long.wav").write_bytes(wav(seconds=375))
    seen: list[int] = []

    async def handler(request: Request, reply: Reply) -> None:
        data = request.json["messages"][-1]["content"][-1]["input_audio"]
        seen.append(len(base64.b64decode(data["data"])))
        assert int(request.headers["content-length"]) == len(request.body)
        await chat("heard")(request, reply)

    source = 'agent:execute { text = "?", media = Run.media }'
    with Loopback(handler) as server:
        head = f'[providers.p]\nkind = "openai"\nmodel = "m"\nbase_url = "{server.url}/v1"\n'
        made = ScriptRuntime(parse_manifest(head, file="m.toml", base=tmp_path))
        agent = 'local agent = Agent.create { name = "a" } '
        report = asyncio.run(made.report(agent + source, attach=[str(tmp_path / "long.wav")]))
    assert report.error is None, report.error
    assert seen == [len(wav(seconds=375))]


def test_what_a_run_saves_has_a_bound(folder: Path) -> None:
    source = 'local m = Media.from_bytes(("x"):rep(90000)) for i = 1, 30 do m:save("out/" .. i .. ".txt") end'
    error = run(source, ROOTS + 'total_size = "2MB"', base=folder).error
    assert (error.kind, error.details["reason"]) == ("argument", "too_much")
    assert error.hint == "`total_size` under [media] says how much a run may save"
    assert 20 < len(list((folder / "out").iterdir())) < 25


TOOLS = """
  local function tool(run)
    return Tool.define { name = "look", description = "Looks.", run = run }
  end
  local photo = Media.from_base64(arg[1], { filename = "p.jpg" })
  local agent = Agent.create { name = "t", tools = { tool(function() return %s end) } }
  local out = agent:%s("go")
  if out.collect then out = out:collect() end
  return out.text
"""


def calls_look(request: Request) -> bool:
    return not any(message["role"] == "tool" for message in request.json["messages"])


@pytest.mark.parametrize("way", ["execute", "stream_execute"])
@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("photo", f"media image/jpeg, {len(jpeg())} bytes"),
        ('{ text = "the photo", media = { photo } }', "the photo"),
    ],
)
def test_media_of_a_scripts_tool_go_to_the_model(result: str, text: str, way: str) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    asks = {"role": "assistant", "content": None, "tool_calls": [call]}
    answers = {"role": "assistant", "content": "seen"}

    async def handler(request: Request, reply: Reply) -> None:
        message = asks if calls_look(request) else answers
        reason = "tool_calls" if message is asks else "stop"
        body = {"choices": [{"index": 0, "message": message, "finish_reason": reason}], "model": "m", "usage": {}}
        await reply.send(200, json.dumps(body).encode(), content_type="application/json")

    with Loopback(handler) as server:
        ended = asked(server, TOOLS % (result, way), args=[base64.b64encode(jpeg()).decode()])
    assert ended.result == "seen", ended.report.error
    sent = server.requests[1].json["messages"]
    assert [message["content"] for message in sent if message["role"] == "tool"] == [text]
    data = image_of(server.requests[1])
    assert data[:2] == b"\xff\xd8"
    assert SECRET.encode() not in data


def test_a_tools_table_that_only_looks_like_media_is_data() -> None:
    source = """
      local t = Tool.define { name = "t", run = function() return { media = { "x" }, n = 1 } end }
      local agent = Agent.create { name = "a", model = "mock", tools = { t } }
      local ok, out = pcall(agent.execute, agent, "go")
      return out.text
    """
    manifest = """
      [[providers.scripted.replies]]
      tool_calls = [{ name = "t", arguments = {} }]
      [[providers.scripted.replies]]
      text = "{input}"
    """
    assert json.loads(run(source, manifest).result) == {"media": ["x"], "n": 1}
