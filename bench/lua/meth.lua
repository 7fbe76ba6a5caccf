-- Method calls: classes by metatables, inheritance three levels deep, overridden methods, accessors, operators by
-- metamethods (__add, __eq, __lt, __index as a function, __call), and closures that stand in for objects.

local Shape = {}
Shape.__index = Shape
function Shape.new(class, name) return setmetatable({ name = name, count = 0 }, class) end
function Shape:area() return 0 end
function Shape:touch() self.count = self.count + 1 return self end
function Shape:touched() return self.count end

local Box = setmetatable({}, { __index = Shape })
Box.__index = Box
function Box.new(class, w, h)
  local self = Shape.new(class, "box")
  self.w, self.h = w, h
  return self
end
function Box:area() return self.w * self.h end
function Box:grow(by) self.w = self.w + by return self end

local Square = setmetatable({}, { __index = Box })
Square.__index = Square
function Square.new(class, side) return Box.new(class, side, side) end
function Square:grow(by)
  Box.grow(self, by)
  self.h = self.w
  return self
end

local function shapes(rounds)
  local all = { Box:new(2, 3), Square:new(4), Shape:new("none"), Square:new(1) }
  local total = 0
  for i = 1, rounds do
    for j = 1, #all do
      local shape = all[j]
      total = (total + shape:touch():area()) % 1000003
    end
    if i % 1000 == 0 then all[1]:grow(1) all[2]:grow(1) end
  end
  return total, all[2]:touched()
end

local Vector = {}
Vector.__index = Vector
local function vector(x, y) return setmetatable({ x = x, y = y }, Vector) end
function Vector.__add(a, b) return vector(a.x + b.x, a.y + b.y) end
function Vector.__eq(a, b) return a.x == b.x and a.y == b.y end
function Vector.__lt(a, b) return a.x < b.x end
function Vector:dot(other) return self.x * other.x + self.y * other.y end

local function vectors(rounds)
  local sum, step, less, dots = vector(0, 0), vector(1, 2), 0, 0
  for _ = 1, rounds do
    sum = sum + step
    if step < sum then less = less + 1 end
    if sum == step then less = less + 1 end
    dots = (dots + sum:dot(step)) % 1000003
  end
  return less, dots
end

local function proxies(rounds)
  local store = { a = 1, b = 2 }
  local proxy = setmetatable({}, {
    __index = function(_, key) return store[key] end,
    __newindex = function(_, key, value) store[key] = value % 9973 end,
    __call = function(_, x) return x + 1 end,
  })
  for _ = 1, rounds do
    proxy.a = proxy.a + proxy.b
    proxy.b = proxy(proxy.a)
  end
  return store.a
end

local function counter()
  local n = 0
  return { add = function(by) n = (n + by) % 65521 end, get = function() return n end }
end

local function closures(rounds)
  local c = counter()
  for i = 1, rounds do c.add(i) end
  return c.get()
end

local total, touched = shapes(700000)
local less, dots = vectors(400000)
return string.format("%d %d %d %d %d %d", total, touched, less, dots, proxies(250000), closures(900000))
