-- Tables: appending, inserting and removing in the middle, sort by default order and with a comparator, ipairs and
-- pairs, string and integer keys, a sieve, a matrix product, unpack and move.

local state = 7
local function random(n)
  state = (state * 1103515245 + 12345) & 0x7FFFFFFF
  return (state >> 8) % n + 1
end

local total = 0
local function add(n) total = (total * 31 + n) & 0xFFFFFFFF end

local function sorting(n)
  local numbers, records = {}, {}
  for i = 1, n do
    numbers[#numbers + 1] = random(1000000)
    records[i] = { id = i, rank = random(500) }
  end
  table.sort(numbers)
  table.sort(records, function(a, b)
    if a.rank ~= b.rank then return a.rank < b.rank end
    return a.id < b.id
  end)
  for i, v in ipairs(numbers) do
    if i % 97 == 0 then add(v) end
  end
  for i, r in ipairs(records) do
    if i % 89 == 0 then add(r.id) end
  end
end

local function lists(n)
  local list = {}
  for i = 1, n do table.insert(list, i) end
  for i = 1, 600 do table.insert(list, i * 3, -i) end
  for i = 1, 600 do add(table.remove(list, i * 2) & 0xFFFF) end
  while #list > n // 2 do table.remove(list) end
  local moved = table.move(list, 1, #list, 100, {})
  local a, b, c = table.unpack(moved, 100, 102)
  add(a + b + c + 1000)
end

local function maps(n)
  local seen = {}
  for i = 1, n do
    local key = "k" .. random(3000)
    seen[key] = (seen[key] or 0) + i
  end
  local keys, sum = 0, 0
  for key, value in pairs(seen) do
    keys = keys + 1
    sum = sum + value * #key
  end
  for key in pairs(seen) do seen[key] = nil end
  add(keys)
  add(sum)
  add(next(seen) == nil and 1 or 0)
end

local function sieve(n)
  local composite, count = {}, 0
  for i = 2, n do composite[i] = false end
  for i = 2, n do
    if not composite[i] then
      count = count + 1
      for j = i * i, n, i do composite[j] = true end
    end
  end
  add(count)
end

local function product(n)
  local a, b, c = {}, {}, {}
  for i = 1, n do
    a[i], b[i] = {}, {}
    for j = 1, n do a[i][j], b[i][j] = i + j, i - j end
  end
  for i = 1, n do
    local row, out = a[i], {}
    for j = 1, n do
      local s = 0
      for k = 1, n do s = s + row[k] * b[k][j] end
      out[j] = s
    end
    c[i] = out
  end
  add(c[n][n // 2] & 0xFFFFFFFF)
end

sorting(35000)
lists(40000)
maps(150000)
sieve(500000)
product(90)
return string.format("%08x", total)
