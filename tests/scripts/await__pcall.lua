-- pcall and xpcall catch what is raised after a wait, and give through what is returned after one.
-- expect: ok
local ok, message = pcall(function()
  Task.sleep(0)
  error("after")
end)
assert(not ok and message:find("await__pcall.lua:%d+: after"), message)

local results = table.pack(pcall(function()
  Task.sleep(0)
  return 1, nil, 3
end))
assert(results.n == 4 and results[2] == 1 and results[4] == 3)

local seen
ok, message = xpcall(function(a)
  Task.sleep(0)
  error({ code = a })
end, function(e)
  seen = debug.traceback("handled", 1)
  return e
end, 42)
assert(not ok and message.code == 42)
assert(seen:find("await__pcall.lua:", 1, true))

-- The handler itself may ask the host, although Lua cannot suspend it.
ok, message = xpcall(error, function(e)
  Task.sleep(0)
  return "handled " .. e
end, "raw")
assert(not ok and message == "handled raw", message)

-- Nested, with a wait at each level.
local function nest(depth)
  Task.sleep(0)
  if depth == 0 then error("bottom", 0) end
  local good, problem = pcall(nest, depth - 1)
  Task.sleep(0)
  assert(not good)
  error(problem .. "<", 0)
end
ok, message = pcall(nest, 20)
assert(message == "bottom" .. ("<"):rep(20), message)
