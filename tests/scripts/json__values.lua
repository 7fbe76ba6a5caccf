-- JSON in and out: what each value becomes, and that an empty array stays one.
-- expect: ok
local function both(text, ...)
  local value = JSON.parse(text)
  local out = JSON.stringify(value)
  assert(out == (... or text), out)
  return value
end
assert(both("1") == 1 and math.type(JSON.parse("1")) == "integer" and math.type(JSON.parse("1.0")) == "float")
assert(both("true") == true and both("false") == false and both('""') == "")
assert(JSON.parse("null") == JSON.null and JSON.stringify(nil) == "null" and JSON.stringify(JSON.null) == "null")
both("[]")
both("{}")
both('{"a":[]}')
both('[[],{},[[]]]')
assert(both("[1,null,3]")[2] == JSON.null and #JSON.parse("[1,null,3]") == 3)
assert(both('{"a":null}').a == JSON.null and tostring(JSON.null) == "null")
assert(both("9223372036854775807") == math.maxinteger and both("-9223372036854775808") == math.mininteger)
assert(JSON.parse("9223372036854775808") == 2.0 ^ 63 and JSON.parse("1" .. ("0"):rep(30)) == 1e30)
assert(1 / JSON.parse("-0.0") == -math.huge and JSON.parse("1e400") == math.huge)
assert(both('"\\u00e4\\n\\"\\\\\\ud83d\\ude00"', '"ä\\n\\"\\\\😀"') == 'ä\n"\\😀')
assert(JSON.stringify { 1, 2, 3 } == "[1,2,3]" and JSON.stringify { [1] = 1, [3] = 3 }:find('"3":3', 1, true))
assert(JSON.stringify({ b = 1, a = { c = true } }, { sort_keys = true, pretty = true })
  == '{\n  "a": {\n    "c": true\n  },\n  "b": 1\n}')
local list = JSON.array()
assert(JSON.stringify(list) == "[]" and JSON.stringify { x = list } == '{"x":[]}')
list[1] = "x"
assert(JSON.stringify(list) == '["x"]')
local parsed = JSON.parse("[]")
parsed.key = 1
assert(JSON.stringify(parsed) == '{"key":1}')
