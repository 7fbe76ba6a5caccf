-- Providers, JSON, streams, scoped state, arguments and the clock, as those scripts use them.
-- expect: output Available: scripted
-- expect: output chunk 1, chunk 2, chunk 3
-- expect: output 2 keys: count theme
-- args: input.txt 5
local names = {}
for i, provider in ipairs(Provider.list()) do
  names[i] = provider.name
  assert(provider.kind and provider.capabilities.streaming)
end
print("Available: " .. table.concat(names, ", "))

local stream = Streaming.create(function()
  for i = 1, 3 do
    if i == 2 then Streaming.yield("chunk " .. i) else coroutine.yield("chunk " .. i) end
  end
end)
assert(stream:isDone() == false)
local first = stream:next()
print(first .. ", " .. table.concat(stream:collect(), ", "))
assert(stream:isDone() and stream:next() == nil)

local data = JSON.parse(JSON.stringify({ phase = 3, features = { "tools", "agents" } }))
assert(data.phase == 3 and #data.features == 2)

State.save("custom", "theme", "dark")
State.save("custom", "count", 1)
State.save("other", "theme", "light")
local keys = State.list_keys("custom")
print(#keys .. " keys: " .. table.concat(keys, " "))
assert(State.load("custom", "theme") == "dark" and State.load("custom", "none") == nil)
State.delete("custom", "theme")
assert(State.load("custom", "theme") == nil and State.load("other", "theme") == "light")
State.delete("other:theme")
assert(#State.list_keys("other") == 0)

assert(ARGS[1] == "input.txt" and ARGS[2] == "5" and ARGS[0] == arg[0] and (ARGS.input or "none") == "none")
assert(math.type(os.time()) == "integer" and os.date("%Y-%m-%d"):match("^%d+-%d+-%d+$") and os.clock() >= 0)
if RAG then error("there is none") end
