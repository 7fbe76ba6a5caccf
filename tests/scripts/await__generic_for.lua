-- An iterator may wait: as a function, as a coroutine, as an object with __call; __close of the loop may too.
-- expect: ok
local function counter(n)
  return function(_, i)
    Task.sleep(0)
    if i < n then return i + 1 end
  end, nil, 0
end
local sum = 0
for i in counter(5) do sum = sum + i end
assert(sum == 15)

local parts = {}
for word in coroutine.wrap(function()
  for _, w in ipairs { "a", "b", "c" } do
    Task.sleep(0)
    coroutine.yield(w)
  end
end) do
  Task.sleep(0)
  parts[#parts + 1] = word
end
assert(table.concat(parts) == "abc")

local object = setmetatable({ n = 0 }, {
  __call = function(self)
    Task.sleep(0)
    self.n = self.n + 1
    if self.n <= 3 then return self.n end
  end,
})
local last
for n in object do last = n end
assert(last == 3)

local closed
local closing = setmetatable({}, { __close = function()
  Task.sleep(0)
  closed = true
end })
for _ in counter(3), nil, 0, closing do break end
assert(closed)

for _, v in pairs(setmetatable({}, { __pairs = function()
  Task.sleep(0)
  return next, { 7 }, nil
end })) do
  assert(v == 7)
end
