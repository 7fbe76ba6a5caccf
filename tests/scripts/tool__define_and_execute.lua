-- Script tools: definition, schema, checks of arguments, errors.
-- expect: ok
local function fails(expected, f, ...)
  local ok, e = pcall(f, ...)
  assert(not ok and tostring(e):find(expected, 1, true), tostring(e))
  return e
end
local add = Tool.define {
  name = "add", description = "Adds.", parameters = { a = "number", b = "integer?", list = "array?", o = "object?", s = "boolean?" },
  run = function(args) return args.a + (args.b or 0) end,
}
assert(add.name == "add" and add.source == "script" and add.schema.type == "object")
assert(add.schema.properties.b.type == "integer" and add.schema.required[1] == "a" and #add.schema.required == 1)
assert(Tool.exists("add") and Tool.get("add") == add and not Tool.exists("nowhere") and Tool.get("nowhere") == nil)
assert(#Tool.list() == 1 and Tool.list()[1] == add)
assert(Tool.execute("add", { a = 1, b = 2 }) == 3 and add:execute { a = 1.5 } == 1.5)

local e = fails("tool 'add': the argument 'a' is missing", Tool.execute, "add", {})
assert(e.kind == "tool" and e.details.tool == "add")
fails("the argument 'a' is missing", Tool.execute, "add")
e = fails("tool 'add': argument 'a': \"1\" is not of type \"number\"", add.execute, add, { a = "1" })
assert(e.kind == "tool" and e.details.tool == "add")
fails("argument 'b': 1.5 is not of type \"integer\"", add.execute, add, { a = 1, b = 1.5 })
fails("argument 'b': null is not of type", add.execute, add, { a = 1, b = JSON.null })
fails("argument 'list': 1 is not of type \"array\"", add.execute, add, { a = 1, list = 1 })
fails("argument 's': \"yes\" is not of type \"boolean\"", add.execute, add, { a = 1, s = "yes" })
fails("argument 'o': [] is not of type \"object\"", add.execute, add, { a = 1, o = JSON.array {} })
fails("a table of named arguments expected", add.execute, add, { 1, 2 })
fails("data expected, got a function (field 'arguments.a')", add.execute, add, { a = print })
local cyclic = { a = 1 }
cyclic.o = cyclic
fails("it contains itself", add.execute, add, cyclic)
assert(add:execute { a = 1, b = 2.0, list = {}, o = {}, s = false } == 3)

fails("there is no tool 'nowhere'", Tool.execute, "nowhere", {})
fails("field 'run': function expected, got no value", Tool.define, { name = "x" })
fails("field 'name'", Tool.define, { name = "no spaces", run = print })
fails("field 'name'", Tool.define, { name = ("x"):rep(65), run = print })
fails("parameters.a", Tool.define, { name = "x", parameters = { a = "text" }, run = print })
fails("unknown field 'desc'; the fields are description, name, parameters, run", Tool.define, { name = "x", desc = "", run = print })

-- A JSON Schema is taken as it is; a tool may wait, raise, call others.
local outer = Tool.define {
  name = "outer",
  parameters = { type = "object", properties = { n = { type = "integer" } }, required = { "n" } },
  run = function(args)
    Task.sleep(0)
    if args.n == 0 then error({ code = 9 }) end
    return { Tool.execute("add", { a = args.n }), Agent.create { model = "mock" }:execute("x").text }
  end,
}
assert(outer:execute { n = 2 }[1] == 2)
local ok, raised = pcall(outer.execute, outer, { n = 0 })
assert(not ok and raised.code == 9)
