-- io.write, io.stdout and print share one output, in order.
-- expect: output a1	nil	true
-- expect: output b2.5c
-- expect: output method chained
-- expect: output before error
-- expect: output after
io.write("a", 1)
print("", nil, true)
assert(io.write("b", 2.5, "c\n") == io.stdout)
io.stdout:write("method "):write("chained\n")
io.stdout:flush()
assert(io.flush() == io.stdout)
pcall(print, "before error", setmetatable({}, { __tostring = function() error("x") end }))
io.write("\nafter\n")
assert(not pcall(io.write, {}) and not pcall(io.write, nil))
io.stderr:write("on the other stream\n")
assert(io.open == nil and io.popen == nil)
