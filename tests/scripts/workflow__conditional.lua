-- The first branch whose condition holds runs, and no other; conditions after it are not asked.
-- expect: ok
local asked, ran = {}, {}
local function branch(name, condition)
  return {
    name = name,
    when = function(ctx)
      asked[#asked + 1] = name or "unnamed"
      return condition(ctx)
    end,
    steps = { { name = "answer", run = function(ctx, input)
      ran[#ran + 1] = name or "unnamed"
      return "from " .. input
    end } },
  }
end
local workflow = Workflow.conditional {
  name = "route",
  branches = {
    branch("small", function(ctx) return ctx.input < 10 end),
    branch(nil, function(ctx) return ctx.input < 100 and "yes" end),
    branch("large", function(ctx) return ctx.input < 1000 end),
  },
  otherwise = { { name = "refuse", run = function() return "too large" end }, { run = function(ctx) return ctx.previous .. "!" end } },
}
local function run(input)
  asked, ran = {}, {}
  local result = workflow:execute(input)
  assert(result.success, result.error)
  return result, table.concat(asked, " "), table.concat(ran, " ")
end
local result, tried, done = run(5)
assert(result.branch == "small" and tried == "small" and done == "small" and result.output == "from 5")
assert(#result.steps == 1 and result.outputs.answer == "from 5")
result, tried, done = run(50)
assert(result.branch == "branch-2" and tried == "small unnamed" and done == "unnamed")
result, tried, done = run(500)
assert(result.branch == "large" and done == "large")
result, tried, done = run(5000)
assert(result.branch == "otherwise" and done == "" and result.output == "too large!" and result.outputs.refuse == "too large")

-- Where none holds and there is no `otherwise`, nothing runs, and that is a success.
result = Workflow.conditional { branches = { { when = function() end, steps = { { run = error } } } } }:execute("x")
assert(result.success and result.branch == nil and result.output == nil and #result.steps == 0)

-- An error of a condition is the workflow's.
result = Workflow.conditional { branches = { { when = function() error("cannot say", 0) end, steps = { { run = print } } } },
  otherwise = { { run = error } } }:execute()
assert(not result.success and result.error == "cannot say" and result.failed_step == nil and #result.steps == 0)

-- Failures in a branch follow the strategy.
local function failing(strategy)
  return Workflow.conditional { error_strategy = strategy, branches = { { when = function() return true end, steps = {
    { name = "bad", run = function() error("bad", 0) end }, { name = "next", run = function(ctx) return ctx.step end },
  } } } }:execute()
end
assert(failing().steps[2].skipped and failing().error == "bad" and failing().branch == "branch-1")
assert(failing("continue").outputs.next == "next" and not failing("continue").success)
assert(failing("retry").steps[1].attempts == 3)
