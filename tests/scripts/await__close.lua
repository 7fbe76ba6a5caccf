-- To-be-closed variables may wait however the block is left: by its end, break, return, goto, an error.
-- expect: ok
local order = {}
local function closes(name)
  return setmetatable({}, { __close = function(_, e)
    Task.sleep(0)
    order[#order + 1] = name .. (e and "!" or "")
  end })
end
local function said()
  local text = table.concat(order, " ")
  order = {}
  return text
end

do
  local a <close> = closes("a")
  local b <close> = closes("b")
  Task.sleep(0)
end
assert(said() == "b a")

local function early()
  local a <close> = closes("return")
  return Task.sleep(0), 1, 2
end
local _, one, two = early()
assert(one == 1 and two == 2 and said() == "return")

for _ = 1, 2 do
  local a <close> = closes("break")
  break
end
assert(said() == "break")

local ok, message = pcall(function()
  local a <close> = closes("a")
  local b <close> = setmetatable({}, { __close = function(_, e)
    Task.sleep(0)
    order[#order + 1] = "replaces"
    error("second after " .. tostring(e):match("first"), 0)
  end })
  Task.sleep(0)
  error("first")
end)
assert(not ok and message == "second after first", message)
assert(said() == "replaces a!")

local co = coroutine.wrap(function()
  local a <close> = closes("in coroutine")
  coroutine.yield(1)
  return 2
end)
assert(co() == 1 and co() == 2 and said() == "in coroutine")
