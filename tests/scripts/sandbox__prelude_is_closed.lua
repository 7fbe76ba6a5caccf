-- The prelude's own parts cannot be reached, replaced or called by a script.
-- expect: ok
local agent = Agent.create { model = "mock" }
local stream = agent:stream_execute("x")
local tool = Tool.define { name = "t", run = print }
local task = Task.spawn(print, "ran")
for _, object in ipairs { agent, stream, tool, JSON.array(), (select(2, pcall(require, "x"))) } do
  assert(getmetatable(object) == false, tostring(object))
  assert(not pcall(setmetatable, object, {}))
end
assert(getmetatable(task) == false)
for _, method in ipairs { agent.execute, agent.stream_execute, stream.next, stream.text, task.await } do
  local ok, message = pcall(method, {})
  assert(not ok and tostring(message):find("sandbox__prelude_is_closed.lua:%d+: call '[%w_]+' with ':'"), tostring(message))
  assert(not pcall(method))
  assert(not pcall(method, JSON.null) and not pcall(method, task == nil))
end
-- Functions on the stack are given only where they are the script's own.
for level = 0, 8 do
  local info = debug.getinfo(level, "fS")
  if info and info.what == "C" then assert(info.func == nil) end
end
stream:cancel()
task:await()
