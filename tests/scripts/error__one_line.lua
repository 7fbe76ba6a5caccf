-- The text of an error value is one line, whatever is in its message.
-- expect: output tool: first second third
-- expect: output tool: nil
-- expect: output tool: 7
-- expect: output and tool: 7 and
local _, e = pcall(Tool.define { name = "t", parameters = { a = "number" }, run = print }.execute, nil)
local tool = Tool.get("t")
_, e = pcall(tool.execute, tool, {})
assert(e.kind == "tool" and e.details.tool == "t")
e.message = "first\r\n  second\n\n\nthird"
print(e)
assert(e.message == "first\r\n  second\n\n\nthird")
e.message = nil
print(e)
e.message = 7
print(e)
print("and " .. e .. " and")
