-- Which tables are arrays and which are objects, and what sorting and equal keys do.
-- expect: ok
local s = JSON.stringify
local function sorted(t) return s(t, { sort_keys = true }) end
assert(s {} == "{}" and s(JSON.array()) == "[]" and s { {}, JSON.array() } == "[{},[]]")
assert(s { 1, 2, 3 } == "[1,2,3]" and s { [1] = 1 } == "[1]" and s { [3] = 3, [2] = 2, [1] = 1 } == "[1,2,3]")
assert(sorted { 1, nil, 3 } == '{"1":1,"3":3}' and s { [0] = 0 } == '{"0":0}' and s { [-1] = 0 } == '{"-1":0}')
assert(sorted { "a", "b", x = "c" } == '{"1":"a","2":"b","x":"c"}')
assert(sorted { [10] = 1, [9] = 2, b = 3, a = { d = 1, c = 2 } } == '{"9":2,"10":1,"a":{"c":2,"d":1},"b":3}')
assert(s { 1, JSON.null, 3 } == "[1,null,3]" and s { a = JSON.null } == '{"a":null}')
assert(s(setmetatable({ 1 }, { __index = error, __pairs = error, __len = error })) == "[1]", "metamethods are not asked")
assert(s(Agent.create { name = "x" }) == '{"name":"x"}')

-- the same table twice is written twice; only a table within itself is refused
local shared = { 1 }
assert(s { shared, shared } == "[[1],[1]]")

-- keys that would be one in JSON
local function twice(expected, ...)
  local ok, err = pcall(s, ...)
  assert(not ok and err.kind == "argument" and tostring(err):find(expected, 1, true), tostring(err))
end
twice([=[the table has the keys [1] and ["1"], which are one in JSON (field 'value')]=], { [1] = 1, ["1"] = 2 })
twice([=[[-3] and ["-3"], which are one in JSON (field 'value.a[2].b')]=], { a = { 1, { b = { [-3] = 1, ["-3"] = 2 } } } })
twice([=[(field 'value[7]')]=], { [7] = { [8] = 1, ["8"] = 2 } }, { pretty = true, sort_keys = true })
assert(s { ["1"] = 1 } == '{"1":1}' and sorted { [2] = 1, ["02"] = 2 } == '{"2":1,"02":2}')

local value = JSON.parse('{"a": 1, "b": 2, "a": 3}')
assert(value.a == 3 and value.b == 2)
assert(JSON.parse('{"1": "text"}')["1"] == "text" and JSON.parse('{"1": "text"}')[1] == nil)

-- a copy either way
local t = { list = { 1 } }
local copy = JSON.parse(s(t))
copy.list[1] = 2
assert(t.list[1] == 1)
