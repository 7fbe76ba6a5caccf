"""The seed document's own scripts, as printed there, and what it asserts of them (sections 2.2, 2.3, 3.1, 10.1)."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

from llmspell.events import Output
from llmspell.runtime import ScriptRuntime
from tests.runtime.running import run

AGENT_EXECUTION = """
        local agent = Agent.create({
            name = "test_agent",
            model = "mock",
            prompt = "You are a helpful assistant"
        })
        
        local result = agent:execute({
            text = "Hello, world!"
        })
        
        return result.text
"""

STREAMING = """
        local agent = Agent.create({ name = "streamer", streaming = true })
        local chunks = {}
        
        for chunk in agent:stream_execute({ text = "Count to 5" }) do
            table.insert(chunks, chunk)
        end
        
        return #chunks
"""

ACCEPTANCE = """
-- example_script.lua
-- This script should execute successfully as validation

local agent = Agent.create({
    name = "assistant",
    model = "gpt-3.5-turbo",
    prompt = "You are a helpful assistant"
})

local result = agent:execute({
    text = "What is 2+2?",
    parameters = { temperature = 0.7 }
})

print("Response:", result.text)

-- Test streaming
if agent:supports_streaming() then
    local stream = agent:stream_execute({ text = "Count to 5" })
    for chunk in stream do
        print("Chunk:", chunk.content.text)
    end
end

return "Success"
"""


def test_lua_agent_execution() -> None:
    output = asyncio.run(ScriptRuntime().execute_script(AGENT_EXECUTION))
    assert "Hello" in output.as_string()


def test_streaming_execution() -> None:
    output = asyncio.run(ScriptRuntime().execute_script(STREAMING))
    assert output.as_number() > 1


def test_simple_script_memory(tmp_path: Path) -> None:
    """The whole process, at its largest, stays under the seed's 50 MB, once the sandbox has been compiled."""
    script = """
import asyncio, re
from llmspell.runtime import ScriptRuntime
assert asyncio.run(ScriptRuntime().execute_script("return 'Hello'")).result == "Hello"
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("COV")}
    environ["XDG_CACHE_HOME"] = str(tmp_path)
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", script], env=environ, capture_output=True, text=True, timeout=60, check=True
        )
    assert int(done.stdout) * 1024 < 50 * 1024 * 1024


def test_the_acceptance_script() -> None:
    ended = run(ACCEPTANCE)
    assert ended.result == "Success"
    lines = ended.output.splitlines()
    assert lines[0].startswith("Response:\t")
    assert "What is 2+2?" in lines[0]
    assert len(lines) > 5
    assert all(line.startswith("Chunk:\t") for line in lines[1:])
    assert "Count to 5" in re.sub(r"\nChunk:\t(nil)?", "", ended.output)


def test_execute_script_streaming() -> None:
    """The seed's run_with_streaming: output comes as chunks while the script runs."""

    async def texts() -> list[str]:
        stream = ScriptRuntime().execute_script_streaming(ACCEPTANCE)
        return [event.text async for event in stream if isinstance(event, Output)]

    chunks = asyncio.run(texts())
    assert len(chunks) > 5
    assert "".join(chunks).startswith("Response:\t")
