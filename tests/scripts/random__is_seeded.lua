-- math.random is good for something without a seed, and follows one that is given.
-- expect: ok
local a, b = math.random(0), math.random(0)
assert(a ~= b)
math.randomseed(42)
local first = { math.random(1000), math.random(1000), math.random(1000) }
math.randomseed(42)
for i = 1, 3 do assert(math.random(1000) == first[i]) end
math.randomseed()
local free = math.random(0)
math.randomseed()
assert(math.random(0) ~= free)
