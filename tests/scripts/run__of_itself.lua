-- What a run knows of itself.
-- expect: ok
-- manifest: [runtime]
-- manifest: tool_calls = 5
-- manifest: timeout = "20s"
local limits = Run.limits()
assert(limits.tool_calls == 5 and limits.wall_ms == 20000 and limits.memory_bytes > 1e6 and limits.tasks > 1)
local usage = Run.usage()
assert(usage.provider_calls == 0 and usage.output_bytes == 0 and usage.elapsed_ms >= 0)
Agent.create { model = "mock" }:execute("hi")
print("four")
usage = Run.usage()
assert(usage.provider_calls == 1 and usage.output_bytes == 5 and usage.input_tokens > 0 and usage.output_tokens > 0)

Run.progress(0.5, "half")
Run.progress(nil, "unknown")
Run.progress(7)
Run.progress(1, "not UTF-8: \xff")
assert(not pcall(Run.progress, "x"))

assert(Provider.list()[1].name == "scripted" and Provider.get("nowhere") == nil)
local provider = Provider.get("scripted")
assert(provider.name == "scripted" and provider.kind == "scripted" and provider.capabilities.streaming)
