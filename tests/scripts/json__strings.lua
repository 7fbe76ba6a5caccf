-- Strings are Unicode text: escapes are read, and only what must be is escaped. Bytes that are no text are refused.
-- expect: ok
local function through(x) return JSON.parse(JSON.stringify(x)) end
local all = {}
for c = 0, 127 do all[#all + 1] = string.char(c) end
for _, x in ipairs { "", table.concat(all), "äöü", "日本語", "😀👩‍👩‍👧", "\u{ffff}\u{10ffff}", "\u{2028}\u{2029}", "\0", "a\0b",
  '"\\/' } do
  assert(through(x) == x and through { [x] = x }[x] == x, x)
end
assert(JSON.parse([["\u0041\ud83d\ude00\u00e9\/\b\f\n\r\t"]]) == "A😀é/\b\f\n\r\t")
assert(JSON.stringify("é😀\1\127") == '"é😀\\u0001\127"')

-- half of a pair is no character: it is kept as bytes, which cannot be written again
local half = JSON.parse([["\ud83d"]])
assert(half == "\xed\xa0\xbd" and not utf8.len(half))
local ok, e = pcall(JSON.stringify, { text = half })
assert(not ok and e.message == "JSON.stringify: a string that is not UTF-8 has no JSON form (field 'value.text')", e.message)
ok, e = pcall(JSON.stringify, { list = { { ["\xff"] = 1 } } })
assert(e.message == "JSON.stringify: a key that is not UTF-8 has no JSON form (field 'value.list[1]')", e.message)
