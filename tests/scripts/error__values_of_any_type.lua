-- pcall gives what was raised, of any type; only strings get a position in front.
-- expect: ok
local function raised(...) return select(2, pcall(error, ...)) end
local t = setmetatable({}, {})
for _, value in ipairs { false, true, 42, 1.5, t, print, coroutine.create(print), JSON.null } do
  assert(rawequal(raised(value), value))
  assert(rawequal(raised(value, 2), value))
end
assert(raised() == nil and raised(nil) == nil)
assert(raised("text", 0) == "text")
local _, placed = pcall(function() error("text") end)
assert(placed == "error__values_of_any_type.lua:11: text", placed)
local function level_two() error("text", 2) end
_, placed = pcall(function()
  level_two() -- here
end)
assert(placed == "error__values_of_any_type.lua:15: text", placed)

-- the same through tasks and coroutines
for _, value in ipairs { false, 42, t } do
  local task = Task.spawn(function() Task.sleep(0) error(value) end)
  local ok, e = pcall(task.await, task)
  assert(not ok and rawequal(e, value))
  ok, e = coroutine.resume(coroutine.create(function() Task.sleep(0) error(value) end))
  assert(not ok and rawequal(e, value))
end

-- tostring of a value whose __tostring fails, or gives no string
local function told(f) return pcall(tostring, setmetatable({}, { __tostring = f })) end
assert(select(2, told(function() error("inner", 0) end)) == "inner")
assert(select(2, told(function() return {} end)):find("'__tostring' must return a string", 1, true))
assert(select(2, told(function() Task.sleep(0) return "after a wait" end)) == "after a wait")
