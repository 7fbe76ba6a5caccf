-- Recursive calls: a global-free function that calls itself, one that passes several arguments, and a mutual pair.
-- Little else happens, so this is the price of a call and a return.

local function fib(n)
  if n < 2 then return n end
  return fib(n - 1) + fib(n - 2)
end

local function tak(x, y, z)
  if y >= x then return z end
  return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))
end

local even, odd
function even(n) if n == 0 then return true end return odd(n - 1) end
function odd(n) if n == 0 then return false end return even(n - 1) end

local evens = 0
for n = 1, 2500 do
  if even(n) then evens = evens + 1 end
end

return string.format("%d %d %d", fib(34), tak(18, 12, 6), evens)
