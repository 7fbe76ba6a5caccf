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
fails("argument 'a': number expected, got string", add.execute, add, { a = "1" })
fails("argument 'b': integer expected, got number", add.execute, add, { a = 1, b = 1.5 })
fails("argument 'b': integer expected, got string", add.execute, add, { a = 1, b = "2" })
fails("argument 'list': array expected", add.execute, add, { a = 1, list = 1 })
fails("argument 's': boolean expected", add.execute, add, { a = 1, s = "yes" })
assert(add:execute { a = 1, b = 2.0, list = {}, o = {}, s = false } == 3)

fails("there is no tool 'nowhere'", Tool.execute, "nowhere", {})
fails("field 'run': function expected, got no value", Tool.define, { name = "x" })
fails("field 'name'", Tool.define, { name = "no spaces", run = print })
fails("field 'name'", Tool.define, { name = ("x"):rep(65), run = print })
fails("parameters.a", Tool.define, { name = "x", parameters = { a = "text" }, run = print })
fails("unknown field 'desc'", Tool.define, { name = "x", desc = "", run = print })

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
