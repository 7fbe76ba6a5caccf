-- Strings: building by concatenation and table.concat, string.format with %s and %d, find with and without patterns,
-- gmatch, gsub with strings, tables and functions, sub and byte, upper, rep and reverse.

local WORDS = { "agent", "tool", "stream", "prompt", "token", "model", "reply", "limit", "trace", "chunk",
  "fuel", "script" }

local function checksum(s)
  local h = 5381
  for i = 1, #s do h = (h * 33 + s:byte(i)) & 0xFFFFFFFF end
  return h
end

local function sentence(seed)
  local out = {}
  for i = 1, 12 do
    seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
    out[i] = WORDS[(seed >> 8) % #WORDS + 1]
  end
  return table.concat(out, " ")
end

local lines = {}
for i = 1, 1200 do lines[i] = string.format("%05d %s: %s.", i, i % 3 == 0 and "warn" or "info", sentence(i)) end
local text = table.concat(lines, "\n")

local total = 0
local function add(n) total = (total * 31 + n) & 0xFFFFFFFF end

for round = 1, 28 do
  -- counting words, as a script does with a model's answer
  local counts = {}
  for word in text:gmatch("%a+") do counts[word] = (counts[word] or 0) + 1 end
  for _, word in ipairs(WORDS) do add(counts[word]) end

  -- fields of a line
  for line in text:gmatch("[^\n]+") do
    local number, level, rest = line:match("^(%d+) (%w+): (.*)%.$")
    if level == "warn" then add(#rest + #number) end
  end

  -- replacing
  local upper, n = text:gsub("tool", "TOOL")
  add(n)
  local named = text:gsub("%w+", { agent = "<a>", model = "<m>", fuel = false })
  add(#named)
  local swapped = upper:gsub("(%a+) (%a+)", "%2 %1")
  add(#swapped)
  local shouted = text:gsub("%f[%a]%l", string.upper)
  add(shouted:byte(round * 7))

  -- plain searching
  local at, hits = 1, 0
  while true do
    local first, last = text:find("script", at, true)
    if not first then break end
    at, hits = last + 1, hits + 1
  end
  add(hits)
end

-- building piece by piece
local line = ""
for i = 1, 12000 do
  line = line .. WORDS[i % #WORDS + 1]:sub(1, 3)
  if #line > 400 then
    add(checksum(line:reverse():upper()))
    line = ""
  end
end
local pieces = {}
for i = 1, 120000 do pieces[#pieces + 1] = string.format("%s=%d;", WORDS[i % #WORDS + 1], i) .. ("-"):rep(i % 5) end
add(checksum(table.concat(pieces)))

return string.format("%d %d %08x", #text, #pieces, total)
