-- Every function gets a context of its own; what it writes there changes nothing for the others.
-- expect: ok
local seen = {}
local function spoil(ctx)
  for key in pairs(ctx) do ctx[key] = nil end
  ctx.input, ctx.previous, ctx.item, ctx.iteration = "spoilt", "spoilt", "spoilt", 99
end
local workflow = Workflow.loop {
  name = "looping", over = { "x", "y" },
  steps = {
    { name = "one", input = function(ctx) spoil(ctx) end, run = function(ctx)
      assert(ctx.workflow == "looping" and ctx.step == "one" and ctx.attempt == 1 and ctx.input == "in")
      local was = ctx.previous
      seen[#seen + 1] = ctx.item .. ctx.iteration .. tostring(was)
      spoil(ctx)
      return ctx
    end },
    { name = "two", run = function(ctx)
      assert(ctx.outputs.one == ctx.previous and ctx.step == "two")
      return "two" .. ctx.item
    end },
  },
}
local result = workflow:execute("in")
assert(result.success, result.error)
assert(table.concat(seen, " ") == "x1nil y2twox" and result.iterations == 2)

-- Neither do the outputs, whatever they are made to be.
local hostile = Workflow.sequential { steps = {
  { name = "a", run = function(ctx)
    ctx.outputs.made = "up"
    setmetatable(ctx.outputs, { __newindex = function() error("trap") end, __index = function() error("trap") end })
    return "a"
  end },
  { name = "b", run = function(ctx, input) return input .. ctx.outputs.a end },
} }
result = hostile:execute()
assert(result.success and result.output == "aa" and result.outputs.b == "aa" and #result.steps == 2)
