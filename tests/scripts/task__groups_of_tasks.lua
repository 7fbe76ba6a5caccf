-- Tasks that exist are members of a group like functions: with its first error the rest ends, whoever spawned it.
-- expect: ok
local function never() Task.sleep(60) end
local function fail() Task.sleep(0) error("first", 0) end

local other = Task.spawn(never)
local ok, message = pcall(Task.all, { fail, other })
assert(not ok and message == "first" and other:status() == "cancelled")

other = Task.spawn(never)
assert(Task.race { other, function() Task.sleep(0) return "won" end } == "won" and other:status() == "cancelled")

-- One task at two places, in two groups, awaited beside them.
local seven = Task.spawn(function() Task.sleep(0.01) return 7 end)
local results = Task.all { seven, seven, function() return Task.all { seven }[1] + seven:await() end }
assert(results[1] == 7 and results[2] == 7 and results[3] == 14)
local value, place = Task.race { never, seven, seven }
assert(value == 7 and place == 2)

-- What has ended before counts at once.
local failed, cancelled = Task.spawn(error, "early", 0), Task.spawn(never)
cancelled:cancel()
pcall(failed.await, failed)
local outcomes = Task.settle { failed, cancelled, seven }
assert(outcomes[1].error == "early" and outcomes[2].error.kind == "cancelled" and outcomes[3].value == 7)
ok, message = pcall(Task.all, { never, failed })
assert(not ok and message == "early")

-- Two fail at once: one error is raised, and the other one is not kept for the end.
ok, message = pcall(Task.all, { Task.spawn(error, "one", 0), Task.spawn(error, "two", 0) })
assert(not ok and message == "one")

-- A wait that is given up leaves the task as it was.
local slow = Task.spawn(function() Task.sleep(0.05) return "slow" end)
for _ = 1, 5 do assert(not pcall(Task.timeout, 0, Task.all, { slow })) end
assert(slow:status() == "waiting" and Task.all { slow }[1] == "slow")

-- Nobody waits for itself.
local me
me = Task.spawn(function() return Task.all { me } end)
ok, message = pcall(me.await, me)
assert(not ok and message:find("a task cannot await itself", 1, true))
