-- The first failure cancels what runs, and the result tells which step it was.
-- expect: ok
local closed = {}
local function slow(name)
  return { name = name, run = function()
    local x <close> = setmetatable({}, { __close = function() closed[#closed + 1] = name end })
    Task.sleep(60)
  end }
end
local result = Workflow.parallel { steps = {
  slow("one"),
  { name = "done", run = function() return "done" end },
  { name = "broken", run = function()
    Task.sleep(0.01)
    error("stop", 0)
  end },
  slow("two"),
} }:execute()
assert(not result.success and result.error == "stop" and result.failed_step == "broken")
table.sort(closed)
assert(table.concat(closed, " ") == "one two")
local one, done, broken, two = table.unpack(result.steps)
assert(done.ok and result.outputs.done == "done" and not broken.ok)
for _, step in ipairs { one, two } do
  assert(not step.ok and step.error.kind == "cancelled" and not step.skipped and step.attempts == 1)
end

-- A step that had not begun when another failed is skipped.
result = Workflow.parallel { max_concurrency = 2, steps = {
  { run = function() end },
  { run = function() error("at once", 0) end },
  { run = function() closed[#closed + 1] = "third" end },
  slow("fourth"),
} }:execute()
assert(result.error == "at once" and result.steps[1].ok and #closed == 2)
for i = 3, 4 do assert(result.steps[i].skipped and result.steps[i].error == nil and result.steps[i].attempts == 0) end

-- A step of its own strategy "continue" cancels nothing.
result = Workflow.parallel { steps = {
  { error_strategy = "continue", run = function() error("no matter", 0) end },
  { name = "waits", run = function() Task.sleep(0.01) return "waited" end },
} }:execute()
assert(result.success and result.outputs.waits == "waited" and result.steps[1].error == "no matter")

-- An error that a step left behind in a task of its own is its failure.
result = Workflow.parallel { steps = { { name = "careless", run = function()
  Task.spawn(function() error("left behind", 0) end)
  Task.sleep(0)
  return "well"
end } } }:execute()
assert(not result.success and result.error == "left behind" and result.failed_step == "careless")
assert(result.outputs.careless == nil and not result.steps[1].ok and result.steps[1].output == nil)
