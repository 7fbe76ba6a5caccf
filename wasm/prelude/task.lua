-- task.lua: structured concurrency over the scheduler's few operations (tasks.c). A task that ends cancels what it
-- started and left running; an error in a group cancels the rest of the group and is raised where the group waits.
local host = ...
local _ENV = host.env
local T = host.task
local check = host.check

local methods = {}
local meta = host.task_meta
for key, value in pairs(host.class("task", methods)) do meta[key] = value end
meta.__metatable = false
meta.__tostring = function(t) return "task " .. T.id(t) end

for _, name in ipairs { "await", "cancel", "status", "id" } do
  local operation = T[name]
  methods[name] = function(self)
    host.check_self(self, meta, name)
    return operation(self)
  end
end
meta.__close = function(self) T.cancel(self) end

-- A task, unless too many are open: that ends the run.
local function spawn(...)
  return T.spawn(...) or host.call("task.limit")
end
host.spawn = spawn

-- Where tasks are gathered as they end, for T.take (see tasks.c).
local function new_group()
  return { taken = 0, ended = 0, size = 0, waiter = false }
end
host.new_group = new_group

local Task = {}

function Task.spawn(fn, ...)
  check("Task.spawn", 1, fn, "function")
  return spawn(fn, nil, nil, ...)
end

-- The same as task:await().
function Task.await(task)
  if not host.is(task, meta) then host.bad_argument("Task.await", 1, "task expected, got " .. type(task)) end
  return T.await(task)
end

-- Run functions as one group; returns the group and each task's place in the list. A task in the list is awaited.
local function start(fn_name, list)
  check(fn_name, 1, list, "table")
  for i, item in ipairs(list) do
    if type(item) ~= "function" and not host.is(item, meta) then
      host.bad_argument(fn_name, 1, ("item %d: function or task expected, got %s"):format(i, type(item)))
    end
  end
  T.check_wait() -- before anything runs
  local group, place, count = new_group(), {}, 0
  for i, item in ipairs(list) do
    local f = type(item) == "function" and item or function() return T.await(item) end
    place[spawn(f, group, nil)], count = i, i
  end
  return group, place, count
end

local function cancel_all(place)
  for t in pairs(place) do T.cancel(t) end
end

-- The results in order; the first error cancels the rest and is raised.
function Task.all(list)
  local group, place, count = start("Task.all", list)
  local results = {}
  for _ = 1, count do
    local t = T.take(group)
    if not T.outcome(t) then
      cancel_all(place)
      T.await(t)
    end
    results[place[t]] = T.await(t)
  end
  return results
end

-- Every outcome in order: {ok = true, value =} or {ok = false, error =}. Raises nothing.
function Task.settle(list)
  local group, place, count = start("Task.settle", list)
  local results = {}
  for _ = 1, count do
    local t = T.take(group)
    local ok, value = pcall(T.await, t)
    results[place[t]] = ok and { ok = true, value = value } or { ok = false, error = value }
  end
  return results
end

-- The first to end wins, with its result or its error, and its place in the list; the rest are cancelled.
function Task.race(list)
  local group, place, count = start("Task.race", list)
  if count == 0 then host.bad_argument("Task.race", 1, "at least one function or task expected") end
  local t = T.take(group)
  T.outcome(t)
  cancel_all(place)
  return T.await(t), place[t]
end

-- fn(item, index) for each item, at most `concurrency` at once; the results in order.
function Task.map(list, fn, options)
  check("Task.map", 1, list, "table")
  check("Task.map", 2, fn, "function")
  local limit = #list
  if options ~= nil then
    host.check_fields("Task.map", 3, options, { concurrency = "integer?" })
    limit = options.concurrency or limit
    if limit < 1 then host.bad_argument("Task.map", 3, "field 'concurrency': at least 1 expected") end
  end
  T.check_wait()
  local group, place, results, started = new_group(), {}, {}, 0
  local function start_next()
    started = started + 1
    place[spawn(fn, group, nil, list[started], started)] = started
  end
  for _ = 1, math.min(limit, #list) do start_next() end
  for _ = 1, #list do
    local t = T.take(group)
    if not T.outcome(t) then
      cancel_all(place)
      T.await(t)
    end
    results[place[t]] = T.await(t)
    place[t] = nil
    if started < #list then start_next() end
  end
  return results
end

local function sleep(seconds)
  check("Task.sleep", 1, seconds, "number")
  host.await("task.sleep", seconds)
end
Task.sleep = sleep

-- fn's results, or an error of kind "timeout" when it takes longer; then it is cancelled.
function Task.timeout(seconds, fn, ...)
  check("Task.timeout", 1, seconds, "number")
  check("Task.timeout", 2, fn, "function")
  if not (seconds >= 0) then host.bad_argument("Task.timeout", 1, "a number of seconds from 0 on expected") end
  T.check_wait()
  local group = new_group()
  local work = spawn(fn, group, nil, ...)
  local clock = spawn(sleep, group, nil, seconds)
  if T.take(group) == work then
    T.cancel(clock)
    return T.await(work)
  end
  T.cancel(work)
  if not T.outcome(clock) then T.await(clock) end
  host.fail("timeout", ("timed out after %g s"):format(seconds))
end

host.module("Task", Task)
