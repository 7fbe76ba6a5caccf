-- Errors say where: line and column of a text, the field of a value.
-- expect: ok
local function fails(f, arg, ...)
  local ok, e = pcall(f, arg)
  assert(not ok, "it did not fail")
  for _, part in ipairs { ... } do assert(tostring(e):find(part, 1, true), tostring(e)) end
  return e
end
assert(fails(JSON.parse, '{\n  "a": 1,\n  b\n}', "at line 3, column 3").kind == "argument")
fails(JSON.parse, "", "line 1, column 1")
fails(JSON.parse, " \n ", "the text is empty")
fails(JSON.parse, '{"a": [1, 2', "the text ends too early at line 1, column 12")
fails(JSON.parse, "{'a': 1}", 'a key in "double quotes" is expected at line 1, column 2')
fails(JSON.parse, '"a\nb"', "a line break or another control character inside of a string at line 1, column 3")
fails(JSON.parse, "[1] // one", "the value has ended, but the text goes on at line 1, column 5")
assert(fails(JSON.parse, '```json\n{"a": 1}\n```', "a value is expected").hint:find("Markdown fence", 1, true))
fails(JSON.parse, "NaN", "NaN is not JSON")
fails(JSON.parse, "[Infinity]", "Infinity is not JSON")
fails(JSON.parse, "[-Infinity]", "-Infinity is not JSON")
fails(JSON.parse, '"\xff"', "not UTF-8")
fails(JSON.parse, ("["):rep(200) .. ("]"):rep(200), "nested too deeply")
fails(JSON.parse, ("["):rep(100000), "nested too deeply")
fails(JSON.parse, ("9"):rep(5000), "JSON.parse: an integer of thousands of digits")
assert(#JSON.parse(("["):rep(128) .. ("]"):rep(128)) == 1)
fails(JSON.parse, 42, "bad argument #1 to 'JSON.parse' (string expected, got integer)")
fails(JSON.parse, nil, "string expected, got no value")

fails(JSON.stringify, 0 / 0, "NaN has no JSON form (field 'value')")
fails(JSON.stringify, { a = { math.huge } }, "an infinity has no JSON form (field 'value.a[1]')")
fails(JSON.stringify, "\xff", "not UTF-8")
fails(JSON.stringify, { ["\xff"] = 1 }, "JSON.stringify")
fails(JSON.stringify, { a = { b = { print } } }, "json__errors.lua:", "a function", "a.b[1]")
fails(JSON.stringify, coroutine.create(print), "data expected, got a thread")
fails(JSON.stringify, { a = { [true] = 1 } }, "key must be a string or an integer, not a boolean", "a")
fails(JSON.stringify, { [1.5] = 1 }, "key must be a string or an integer, not a number")
local task = Task.spawn(function() end)
fails(JSON.stringify, task, "a userdata")
task:await()
local cyclic = {}
cyclic.self = { cyclic }
fails(JSON.stringify, cyclic, "contains itself")
local deep = {}
for _ = 1, 200 do deep = { deep } end
fails(JSON.stringify, deep, "nested too deeply")
local ok, message = pcall(JSON.stringify, {}, { prety = true })
assert(not ok and message:find("did you mean 'pretty'?", 1, true), message)
