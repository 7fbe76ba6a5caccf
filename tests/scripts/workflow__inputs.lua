-- What the first step gets, and what an agent and a tool make of what came before.
-- expect: ok
-- manifest: [providers.main]
-- manifest: kind = "scripted"
-- manifest: replies = [{ text = "<{input}>" }]
local agent = Agent.create {}
local echo = Tool.define { name = "echo", run = function(args) return args end }
local function output(input, ...)
  local result = Workflow.sequential { steps = { ... } }:execute { input = input }
  return result.error or result.output
end
local function gives(value) return { run = function() return value end } end

-- An agent: a string as it is, the text of an agent's output, everything else as JSON.
assert(output("tea", { agent = agent }) == "<tea>")
assert(output(42, { agent = agent }) == "<42>" and output(false, { agent = agent }) == "<false>")
assert(output({ text = "tea" }, { agent = agent }) == "<tea>")
assert(output(nil, { run = function() return agent:execute("tea") end }, { agent = agent }) == "<<tea>>")
assert(output(nil, gives { a = { 1, 2 } }, { agent = agent }) == '<{"a":[1,2]}>')
assert(output(nil, gives(JSON.null), { agent = agent }) == "<null>")

-- Its own input goes before, a table as agent:execute takes it.
assert(output("tea", { agent = agent, input = "milk" }) == "<milk>")
assert(output("tea", { agent = agent, input = 7 }) == "<7>")
assert(output("tea", { agent = agent, input = { text = "milk", parameters = { temperature = 0.5 } } }) == "<milk>")
assert(output("tea", { agent = agent, input = function(ctx) return ctx.input .. "!" end }) == "<tea!>")
assert(output("tea", { agent = agent, input = function() end }) == "<tea>")

-- A tool gets a table; a function gets the context and the input.
assert(output({ a = 1 }, { tool = echo }).a == 1 and next(output(nil, { tool = echo })) == nil)
assert(output("tea", { tool = echo, input = { b = 2 } }).b == 2)
assert(output("tea", { run = function(ctx, input) return ctx.input .. input end }) == "teatea")
assert(output("tea", { input = false, run = function(_, input) return input end }) == false)

-- A step that returns nothing passes on what came before it.
assert(output("tea", gives("milk"), gives(nil), { agent = agent }) == "<milk>")
assert(output("tea", gives(nil), { agent = agent }) == "<tea>")
assert(output("tea", gives(nil)) == nil)

-- What does not fit is told with the step's name.
local e = output(nil, { name = "first", agent = agent })
assert(tostring(e) == "argument: step 'first': the agent has no input: give the step or the workflow one", e)
e = output("tea", { name = "first", tool = echo })
assert(e.kind == "argument" and e.message:find("step 'first': a tool takes a table of arguments, and what came before it is a string", 1, true), e)
e = output(nil, gives { f = print }, { agent = agent })
assert(tostring(e):find("function", 1, true), e)
assert(tostring(output(nil, { agent = agent, input = {} })):find("field 'text': string expected", 1, true))
