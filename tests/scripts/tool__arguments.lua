-- A tool's arguments are checked against all of its JSON Schema, and the schema itself where it is given.
-- expect: ok
local function fails(expected, f, ...)
  local ok, e = pcall(f, ...)
  assert(not ok and tostring(e):find(expected, 1, true), tostring(e))
end
local function tool(parameters)
  return Tool.define { name = "t", parameters = parameters, run = function(args) return args end }
end

local order = tool {
  type = "object", required = { "size" }, additionalProperties = false,
  properties = {
    size = { enum = { "small", "large" } },
    count = { type = "integer", minimum = 1 },
    lines = { type = "array", items = { type = "object", required = { "id" }, properties = { id = { type = "string", maxLength = 3 } } } },
  },
}
fails("argument 'size': \"huge\" is not one of", order.execute, order, { size = "huge" })
fails("argument 'count': 0 is less than the minimum of 1", order.execute, order, { size = "small", count = 0 })
fails("('colour' was unexpected)", order.execute, order, { size = "small", colour = "red" })
fails("argument 'lines[1].id': \"abcd\" is longer", order.execute, order, { size = "small", lines = { { id = "a" }, { id = "abcd" } } })
fails("the argument 'lines[0].id' is missing", order.execute, order, { size = "small", lines = { {} } })
fails("argument 'count': \"x\" is not of type \"integer\"; the argument 'size' is missing", order.execute, order, { count = "x" })
local given = { size = "large", lines = {} }
assert(order:execute(given) == given) -- what the script passes, not a copy

-- What a schema says by reference holds too; strings of any bytes and keys that are numbers are text to it.
local tree = tool {
  type = "object", properties = { tree = { ["$ref"] = "#/$defs/tree" } },
  ["$defs"] = { tree = { type = "object", properties = { left = { ["$ref"] = "#/$defs/tree" } }, additionalProperties = false } },
}
assert(tree:execute { tree = { left = { left = {} } } })
fails("argument 'tree.left'", tree.execute, tree, { tree = { left = { x = 1 } } })
local any = tool { s = "string?", map = { type = "object", additionalProperties = { type = "number" } } }
assert(any:execute { s = "\xff", map = { [2] = 1, [-3] = 2 } })
fails("argument 'map[2]'", any.execute, any, { map = { [2] = "x", [7] = 1 } })

-- A tool has one object of arguments: { type = "string" } is a field called `type`.
local typed = tool { type = "string" }
assert(typed.schema.properties.type.type == "string" and typed:execute { type = "x" }.type == "x")

fails("field 'parameters': this is not a JSON Schema: $.properties: 5", tool, { type = "object", properties = 5 })
fails("field 'parameters': this is not a JSON Schema: $.properties.a.type", tool, { a = { type = "wrong" } })
fails("field 'parameters': the schema refers to 'other.json'", tool, { a = { ["$ref"] = "other.json" } })
local cyclic = { type = "object" }
cyclic.properties = { a = cyclic }
fails("(field 'parameters': table nested too deeply", tool, cyclic)
fails("(field 'schema': table nested too deeply", Agent.create, { schema = cyclic })
fails("field 'parameters': data expected, got a function", tool, { a = { type = "string", default = print } })

-- Changed afterwards, it is still looked at before the tool runs.
typed.schema.type = "nothing"
fails("this is not a JSON Schema", typed.execute, typed, { type = "x" })
