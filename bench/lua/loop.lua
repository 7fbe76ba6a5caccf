-- Arithmetic in loops: integers with wrap-around, shifts and division, floats with a dependency from step to step,
-- and the bounds of for and while. No call and no table inside the hot loops.

local function integers(n)
  local h, x = 0x12345678, 88172645463325252
  for i = 1, n do
    x = x ~ (x << 13)
    x = x ~ (x >> 7)
    x = x ~ (x << 17)
    h = (h * 31 + (x & 0xFFFF) + i // 3 - i % 7) & 0x7FFFFFFF
  end
  return h
end

local function floats(n)
  local sum, sign = 0.0, 1.0
  for i = 0, n do
    sum = sum + sign / (2.0 * i + 1.0)
    sign = -sign
  end
  return 4.0 * sum
end

local function mandelbrot(size, limit)
  local inside = 0
  for row = 0, size - 1 do
    local ci = 2.0 * row / size - 1.0
    for column = 0, size - 1 do
      local cr = 2.0 * column / size - 1.5
      local zr, zi, zr2, zi2, steps = 0.0, 0.0, 0.0, 0.0, 0
      while steps < limit and zr2 + zi2 <= 4.0 do
        zi = 2.0 * zr * zi + ci
        zr = zr2 - zi2 + cr
        zr2, zi2 = zr * zr, zi * zi
        steps = steps + 1
      end
      if steps == limit then inside = inside + 1 end
    end
  end
  return inside
end

local function collatz(n)
  local longest, best = 0, 0
  for start = 1, n do
    local x, steps = start, 0
    while x ~= 1 do
      if x % 2 == 0 then x = x // 2 else x = 3 * x + 1 end
      steps = steps + 1
    end
    if steps > longest then longest, best = steps, start end
  end
  return best
end

return string.format("%d %.12f %d %d", integers(5000000), floats(6000000), mandelbrot(256, 100), collatz(40000))
