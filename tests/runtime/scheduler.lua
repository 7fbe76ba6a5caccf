-- A random program over everything that starts, waits, closes and cancels. Its arguments are a seed, the number of its
-- steps, and how many bytes of memory it takes away from itself. It gives how many to-be-closed variables were opened and
-- closed (those of coroutines that are dropped are not), and how many of its rounds ended well and badly.
local seed, budget, taken = ...
seed, budget, taken = tonumber(seed), tonumber(budget), ("x"):rep(tonumber(taken))
math.randomseed(seed)
local R = math.random
local opened, closed = 0, 0
local tasks, cos = {}, {} -- what a step may take: tasks and coroutines in any state

local function guard()
  opened = opened + 1
  return setmetatable({}, { __close = function()
    closed = closed + 1
    local k = R(12)
    if k == 1 then
      pcall(Task.sleep, 0)
    elseif k == 2 and #tasks > 0 then
      pcall(function() tasks[R(#tasks)]:cancel() end)
    elseif k == 3 then
      pcall(Task.spawn, print)
    elseif k == 4 and #tasks > 0 then
      pcall(function() tasks[R(#tasks)]:await() end)
    elseif k == 5 then
      error("in close")
    elseif k == 6 and #cos > 0 then
      pcall(coroutine.close, cos[R(#cos)])
    elseif k == 7 then
      collectgarbage("step")
    end
  end })
end

local work

local function dies()
  setmetatable({}, { __gc = function()
    pcall(Task.sleep, 0)
    if #tasks > 0 then pcall(function() tasks[R(#tasks)]:cancel() end) end
  end })
end

local function drop(list)
  if #list > 0 then
    list[R(#list)] = list[#list]
    list[#list] = nil
  end
end

local function iterate(d)
  for _ in coroutine.wrap(function()
    work(d)
    coroutine.yield(1)
    work(d)
  end) do
    if R(2) == 1 then break end
  end
end

local function handled(e)
  if R(3) == 1 then pcall(Task.sleep, 0) end
  return e
end

local function stream(d)
  local s <close> = Agent.create { model = "mock", name = "f" }:stream_execute("x")
  s:next()
  return work(d)
end

local steps = {
  function() Task.sleep(0) end,
  function() Task.sleep(R() * 0.0005) end,
  function(d) local t = Task.spawn(work, d + 1) tasks[#tasks + 1] = t end,
  function(d) local t = Task.spawn(work, d + 1) tasks[#tasks + 1] = t return t:await() end,
  function() if #tasks > 0 then return tasks[R(#tasks)]:await() end end,
  function() if #tasks > 0 then tasks[R(#tasks)]:cancel() end end,
  function(d) local co = coroutine.create(work) cos[#cos + 1] = co return coroutine.resume(co, d + 1) end,
  function() if #cos > 0 then return coroutine.resume(cos[R(#cos)]) end end,
  function() if #cos > 0 then return coroutine.close(cos[R(#cos)]) end end,
  function(d) return coroutine.wrap(work)(d + 1) end,
  function() if coroutine.isyieldable() then coroutine.yield(R(9)) end end,
  function(d) local g <close> = guard() return work(d + 1) end,
  function(d) return pcall(work, d + 1) end,
  function(d) return xpcall(work, handled, d + 1) end,
  function(d) return Task.all { function() return work(d + 1) end, function() return work(d + 1) end } end,
  function(d) return Task.race { function() return work(d + 1) end, function() return work(d + 1) end } end,
  function(d) return Task.settle { function() return work(d + 1) end, function() return work(d + 1) end } end,
  function(d) return Task.timeout(R() * 0.002, work, d + 1) end,
  function(d) return Task.map({ 1, 2, 3 }, function() return work(d + 1) end, { concurrency = R(3) }) end,
  function() error("random", 0) end,
  function() error({}) end,
  function(d) table.sort({ 1, 2, 3 }, function(a, b) pcall(work, d + 2) return a < b end) end,
  function(d) return (("x"):gsub("x", function() pcall(work, d + 2) end)) end,
  function() collectgarbage() end,
  function() collectgarbage("step") end,
  dies,
  function(d) local t <close> = Task.spawn(work, d + 1) Task.sleep(0) end,
  function() return JSON.parse('{"a":[1,2,{"b":null}]}') end,
  function(d) return iterate(d + 1) end,
  function() drop(tasks) end,
  function() drop(cos) end,
  function(d) local s = setmetatable({}, { __index = function() return work(d + 1) end }) return s.x end,
  function(d) return stream(d + 1) end,
}
function work(d)
  d = d or 0
  local g <close> = guard()
  for _ = 1, R(4) do
    budget = budget - 1
    if budget < 0 then return end
    if d < 8 or R(3) == 1 then
      local step = steps[R(#steps)]
      if R(3) == 1 then pcall(step, d) else step(d) end
    else
      Task.sleep(0)
    end
  end
  return d, R(5)
end

local well, badly = 0, 0
while budget > 0 do
  if pcall(Task.timeout, 0.05, work, 0) then well = well + 1 else badly = badly + 1 end
end
for _, t in ipairs(tasks) do pcall(t.cancel, t) end
for _, co in ipairs(cos) do pcall(coroutine.close, co) end
return opened, closed, well, badly
