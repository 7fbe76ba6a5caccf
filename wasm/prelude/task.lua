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

local function count_items(fn_name, list)
  local count, reason = host.count(list)
  return count or host.bad_argument(fn_name, 1, reason)
end

-- Run the functions of a list as one group, to which the tasks in it belong too; returns the group, the tasks by their
-- places, and how many they are (the same one may stand there twice).
local function start(fn_name, list)
  local items, tasks, seen, size = {}, {}, {}, 0
  for i = 1, count_items(fn_name, list) do
    local item = list[i]
    if type(item) ~= "function" and not host.is(item, meta) then
      host.bad_argument(fn_name, 1, ("item %d: function or task expected, got %s"):format(i, type(item)))
    end
    items[i] = item
  end
  T.check_wait() -- before anything runs
  local group = new_group()
  for i, item in ipairs(items) do
    local t = item
    if type(item) == "function" then
      t = spawn(item, group, nil)
    elseif not seen[t] then
      T.join(t, group)
    end
    size = seen[t] and size or size + 1
    tasks[i], seen[t] = t, true
  end
  return group, tasks, size
end

local function cancel_all(tasks)
  for _, t in ipairs(tasks) do T.cancel(t) end
end

-- The results in order; the first error cancels the rest and is raised.
function Task.all(list)
  local group, tasks, size = start("Task.all", list)
  for _ = 1, size do
    local t = T.take(group)
    if not T.outcome(t) then
      cancel_all(tasks)
      T.await(t)
    end
  end
  local results = {}
  for i, t in ipairs(tasks) do results[i] = T.await(t) end
  return results
end

-- Every outcome in order: {ok = true, value =} or {ok = false, error =}. Raises nothing.
function Task.settle(list)
  local group, tasks, size = start("Task.settle", list)
  for _ = 1, size do T.take(group) end
  local results = {}
  for i, t in ipairs(tasks) do
    local ok, value = pcall(T.await, t)
    results[i] = ok and { ok = true, value = value } or { ok = false, error = value }
  end
  return results
end

-- The first to end wins, with its result or its error, and its place in the list; the rest are cancelled.
function Task.race(list)
  local group, tasks, size = start("Task.race", list)
  if size == 0 then host.bad_argument("Task.race", 1, "at least one function or task expected") end
  local first, place = T.take(group), nil
  for i = #tasks, 1, -1 do
    if tasks[i] == first then place = i end
  end
  T.outcome(first)
  cancel_all(tasks)
  return T.await(first), place
end

-- fn(item, index) for each item, at most `concurrency` at once; the results in order.
function Task.map(list, fn, options)
  local count = count_items("Task.map", list)
  check("Task.map", 2, fn, "function")
  local limit = count
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
  for _ = 1, math.min(limit, count) do start_next() end
  for _ = 1, count do
    local t = T.take(group)
    if not T.outcome(t) then
      for other in pairs(place) do T.cancel(other) end
      T.await(t)
    end
    results[place[t]] = T.await(t)
    place[t] = nil
    if started < count then start_next() end
  end
  return results
end

-- Is the number of seconds one that the host waits for?
function host.fits_seconds(seconds)
  return seconds >= 0 and seconds <= 366 * 24 * 3600
end
host.seconds_expected = "a number of seconds from 0 to a year expected"

local function check_seconds(fn_name, seconds)
  check(fn_name, 1, seconds, "number")
  if not host.fits_seconds(seconds) then host.bad_argument(fn_name, 1, host.seconds_expected) end
end

local function sleep(seconds)
  check_seconds("Task.sleep", seconds)
  host.await("task.sleep", seconds)
end
Task.sleep = sleep

-- fn's results, or an error of kind "timeout" when it takes longer; then it is cancelled.
function Task.timeout(seconds, fn, ...)
  check_seconds("Task.timeout", seconds)
  check("Task.timeout", 2, fn, "function")
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
