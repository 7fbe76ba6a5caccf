-- os.time and os.date as Lua has them.
-- expect: ok
assert(math.type(os.time()) == "integer" and os.time() > 1.7e9)
assert(os.date("!%Y-%m-%d %H:%M:%S", 0) == "1970-01-01 00:00:00")
assert(os.date("!%Y-%m-%d", 1e9) == "2001-09-09" and os.date("!%Y-%m-%d", -1) == "1969-12-31")
local t = os.date("!*t", 1700000000)
assert(t.year == 2023 and t.month == 11 and t.day == 14 and t.hour == 22 and t.min == 13 and t.sec == 20)
assert(t.wday == 3 and t.yday == 318 and t.isdst == false)
local now = os.time()
assert(os.time(os.date("*t", now)) == now and os.date("*t", now).isdst ~= nil)
-- Fields are normalised, and 12 o'clock is the default.
assert(os.time { year = 2024, month = 14, day = -3, hour = 0 } == os.time { year = 2025, month = 1, day = 28, hour = 0 })
assert(os.time { year = 2024, month = 1, day = 1 } == os.time { year = 2024, month = 1, day = 1, hour = 12 })
assert(os.time { year = "2024", month = 1.0, day = "1" } == os.time { year = 2024, month = 1, day = 1 })
assert(type(os.clock()) == "number" and os.difftime(5, 3) == 2.0 and #os.date() > 0)

local function fails(f, ...)
  local ok, e = pcall(f, ...)
  assert(not ok and (type(e) == "string" or e.kind == "argument"), tostring(e))
  return tostring(e)
end
assert(fails(os.time, { year = 2024 }):find("field 'month' missing", 1, true))
assert(fails(os.time, { year = 2024, month = "x", day = 1 }):find("field 'month' is not an integer", 1, true))
for _, bad in ipairs {
  { 1, 2 }, { year = 2 ^ 40, month = 1, day = 1 }, { year = 2024, month = 1.5, day = 1 },
  { year = 2024, month = {}, day = 1 }, { year = math.maxinteger, month = 1, day = 1 },
} do
  fails(os.time, bad)
end
assert(os.time { year = 2024, month = 1, day = 1, isdst = {} })
fails(os.time, "now")
assert(fails(os.date, "%Q"):find("%Q", 1, true))
for _, bad in ipairs { "%", "%E", "%Ez", "a\0b", "\xff", ("x"):rep(2000), "%Y%" } do fails(os.date, bad) end
for _, bad in ipairs { 1e300, -1e300, 1.5, math.maxinteger, math.mininteger, 0 / 0, math.huge } do
  fails(os.date, "%Y", bad)
end
