-- debug.traceback names what the script called and nothing behind it, and where an error came from in a task or a
-- coroutine. What is no text stays as it is, and levels are counted as in Lua.
-- expect: ok
local function lines(text)
  local found = {}
  for line in text:gmatch("[^\n]+") do found[#found + 1] = line:gsub("^%s+", ""):gsub("^error__traceback_of_the_script.lua", "here") end
  return table.concat(found, "|")
end
local function contains(text, ...)
  local from = 1
  for _, part in ipairs { ... } do
    local at, last = text:find(part, from, true)
    assert(at, part .. " is not in " .. text)
    from = last + 1
  end
  assert(not text:find("[llmspell ", 1, true), text)
end

local function deep() Task.sleep(0) error("inner") end
local task = Task.spawn(function() deep() end)
local _, text = xpcall(function() task:await() end, debug.traceback)
contains(lines(text), "here:19: inner|stack traceback:|in task 1:|", "here:19: in upvalue 'deep'", "|in main:|[llmspell]: in method 'await'|here:21: in function")
_, text = xpcall(coroutine.wrap(deep), debug.traceback)
contains(lines(text), "here:19: inner|stack traceback:|in coroutine:|", "here:19: in function <", "|in main:|", "in main chunk")
_, text = xpcall(function() Task.all { function() coroutine.wrap(deep)() end } end, debug.traceback)
contains(lines(text), "inner|stack traceback:|in coroutine:|", "|in task 2:|", "|in main:|[llmspell]: in field 'all'|here:25:")
_, text = xpcall(function() Agent.get() end, debug.traceback)
contains(lines(text), "string expected, got no value)|stack traceback:|[llmspell]: in field 'get'|here:27: in function")

local function level(n) return lines(debug.traceback("at", n)) end
assert(level(1):find("^at|stack traceback:|here:30: in local 'level'|here:31: in main chunk$"))
assert(level(2) == "at|stack traceback:|here:32: in main chunk" and level(9) == "at|stack traceback:")
assert(level(0):find("at|stack traceback:|[C]: in", 1, true) == 1 and level(math.maxinteger) == "at|stack traceback:")
local co = coroutine.create(deep)
assert(not coroutine.resume(co))
contains(lines(debug.traceback(co)), "stack traceback:|[C]: in", "here:19: in function")
local object = {}
assert(debug.traceback(object) == object and debug.traceback(print) == print and debug.traceback(7):find("^7\n"))
assert(debug.traceback(nil):find("^stack traceback:") and not pcall(debug.traceback, "x", "y"))
