-- What a tool of the script raises reaches whoever called it as it is, and uncaught with the place where it was raised.
-- expect: error runtime:8 division by zero
local cause = setmetatable({ code = 9 }, { __tostring = function() return "own" end })
local tool = Tool.define {
  name = "divide", parameters = { a = "number", b = "number" },
  run = function(args)
    if args.a == 0 then error(cause) end
    if args.b == 0 then error("division by zero") end
    return args.a / args.b
  end,
}
local ok, raised = pcall(tool.execute, tool, { a = 0, b = 1 })
assert(not ok and raised == cause)
ok, raised = pcall(Tool.execute, "divide", { a = 1, b = 0 })
assert(not ok and raised:find("division by zero", 1, true) and raised:find("^tool__error_of_its_own.lua:8: "), raised)
Tool.execute("divide", { a = 1, b = 0 })
