-- Tasks nest thousands deep: results come up, errors come up, and cancelling reaches the bottom.
-- expect: ok
local function nest(n)
  if n == 0 then
    Task.sleep(0)
    return 0
  end
  return 1 + Task.spawn(nest, n - 1):await()
end
assert(nest(3000) == 3000)

local function fail(n)
  if n == 0 then error("bottom", 0) end
  return Task.spawn(fail, n - 1):await()
end
local ok, message = pcall(fail, 1000)
assert(not ok and message == "bottom")

local closed = 0
local function hang(n)
  local x <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
  if n == 0 then return Task.sleep(60) end
  return Task.spawn(hang, n - 1):await()
end
local t = Task.spawn(hang, 1000)
while closed == 0 do
  Task.sleep(0)
  t:cancel()
end
assert(t:status() == "cancelled")
