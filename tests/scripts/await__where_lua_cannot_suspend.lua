-- Where Lua cannot be suspended the host's thread waits instead, and the script sees no difference.
-- expect: ok
local list = { 5, 3, 9, 1, 7 }
table.sort(list, function(a, b)
  Task.sleep(0)
  return a < b
end)
assert(table.concat(list, ",") == "1,3,5,7,9")

assert(("a-b-c"):gsub("%a", function(c)
  Task.sleep(0)
  return c:upper()
end) == "A-B-C")

local shown = setmetatable({}, { __tostring = function()
  Task.sleep(0)
  return "shown"
end })
assert(tostring(shown) == "shown" and ("%s"):format(shown) == "shown")

local pieces, i = { "return ", "4", "2" }, 0
local chunk = load(function()
  Task.sleep(0)
  i = i + 1
  return pieces[i]
end)
assert(chunk() == 42)

assert(table.concat(setmetatable({}, {
  __index = function(_, k)
    Task.sleep(0)
    return tostring(k)
  end,
  __len = function() return 3 end,
}), " ") == "1 2 3")

-- Agents and tools work there as well, with their tools run in place.
local agent = Agent.create { model = "mock" }
assert(("x"):gsub("x", function(c) return #agent:execute(c).text > 5 and "y" or "z" end) == "y")

-- A coroutine that is resumed in such a place is in it too.
assert(("x"):gsub("x", function()
  return coroutine.wrap(function()
    Task.sleep(0)
    return coroutine.wrap(function()
      Task.sleep(0)
      return "inner"
    end)()
  end)()
end) == "inner")

-- Closing a coroutine from outside.
local closed
local co = coroutine.create(function()
  local x <close> = setmetatable({}, { __close = function()
    Task.sleep(0)
    closed = true
  end })
  coroutine.yield()
end)
coroutine.resume(co)
assert(coroutine.close(co) and closed)
