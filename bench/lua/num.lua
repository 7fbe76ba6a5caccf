-- Numbers as text: tostring of floats and integers, %.14g, %.2f, %5.1f, %d and %x, tonumber of what was written,
-- and numbers in concatenations. Digits of all lengths, from integers to full 17-digit fractions.

local bytes, hash = 0, 0
local function take(s)
  bytes = bytes + #s
  hash = (hash * 31 + s:byte(-1) + s:byte(#s // 2 + 1) * 256) & 0xFFFFFFFF
end

local state = 42
local function random()
  state = (state * 6364136223846793005 + 1442695040888963407)
  return (state >> 11) * 0x1p-53
end

local sum = 0.0
for i = 1, 60000 do
  local x = random()
  local scaled = x * 10.0 ^ (i % 40 - 20)
  take(tostring(x))
  take(tostring(scaled))
  take(tostring(i * 7919))
  take(tostring(i + 0.0))
  take(i .. ":" .. i * 0.25)
  take(string.format("%.14g", x * 1000))
  take(string.format("%.17g", x))
  take(string.format("%.2f", x * 10000))
  take(string.format("%5.1f|%d|%x", x * 100, i, i * 31))
  sum = sum + tonumber(tostring(x)) + tonumber(string.format("%.17g", scaled)) / 1e20
  sum = sum + tonumber(i .. "." .. i % 1000) + tonumber(tostring(i)) + tonumber("0x" .. string.format("%x", i))
end

return string.format("%d %08x %.10g", bytes, hash, sum)
