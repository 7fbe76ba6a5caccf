-- Integers and floats stay what they are, to the last bit.
-- expect: ok
local function through(x) return JSON.parse(JSON.stringify(x)) end
for _, x in ipairs { 0, 1, -1, 255, -128, 2 ^ 31 | 0, math.maxinteger, math.mininteger, 1.0, -0.0, 0.1, 1e15, 1e16, 1e100, 1e308,
  5e-324, 2.0 ^ 53, 2.0 ^ 63, -2.0 ^ 63, math.pi } do
  local y = through(x)
  assert(y == x and math.type(y) == math.type(x), tostring(x))
end
assert(1 / through(-0.0) == -math.huge)
assert(JSON.stringify { 1, 1.0, -0.0, 1e308 } == "[1,1.0,-0.0,1e+308]")
assert(math.type(JSON.parse("1e2")) == "float" and math.type(JSON.parse("-0")) == "integer")
-- beyond 64 bits: the nearest float
assert(JSON.parse("9223372036854775808") == 2.0 ^ 63 and JSON.parse("-9223372036854775809") == -2.0 ^ 63)
assert(JSON.parse("[123456789012345678901234567890]")[1] == 123456789012345678901234567890)
assert(JSON.parse(("9"):rep(400)) == math.huge)
