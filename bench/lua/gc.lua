-- Garbage: short-lived tables and closures, a tree that is built and dropped, linked lists, varargs, strings that
-- die at once, and coroutines: generators that are resumed many times, and many that live briefly.

local function tree(depth)
  if depth == 0 then return {} end
  return { tree(depth - 1), tree(depth - 1) }
end

local function count(node)
  if not node[1] then return 1 end
  return 1 + count(node[1]) + count(node[2])
end

local function trees(rounds, depth)
  local kept, total = tree(depth), 0
  for _ = 1, rounds do total = total + count(tree(depth - 2)) end
  return total + count(kept)
end

local function closures(n)
  local total = 0
  for i = 1, n do
    local add = function(x) return x + i end
    local pair = { add, function(x) return add(x) * 2 end }
    total = (total + pair[2](i)) % 1000003
  end
  return total
end

local function lists(rounds, length)
  local sum = 0
  for r = 1, rounds do
    local head
    for i = 1, length do head = { value = i * r, next = head } end
    while head do sum, head = (sum + head.value) % 1000003, head.next end
  end
  return sum
end

local function sum(...)
  local packed, total = { ... }, 0
  for i = 1, select("#", ...) do total = total + packed[i] end
  return total
end

local function varargs(n)
  local total = 0
  for i = 1, n do total = (total + sum(i, i + 1, i + 2)) % 1000003 end
  return total
end

local function generators(n)
  local function numbers(limit)
    return coroutine.wrap(function()
      for i = 1, limit do coroutine.yield(i) end
    end)
  end
  local function squares(source)
    return coroutine.wrap(function()
      for x in source do coroutine.yield(x * x) end
    end)
  end
  local total = 0
  for x in squares(numbers(n)) do total = (total + x) % 1000003 end
  return total
end

local function brief(n)
  local total = 0
  for i = 1, n do
    local co = coroutine.create(function(a)
      local b = coroutine.yield(a + 1)
      return a * b
    end)
    local _, first = coroutine.resume(co, i)
    local _, second = coroutine.resume(co, first)
    total = (total + second) % 1000003
  end
  return total
end

local function strings(n)
  local length = 0
  for i = 1, n do length = length + #("item " .. i % 5000 .. "/" .. i) end
  return length
end

return table.concat({
  trees(48, 13), closures(400000), lists(120, 3000), varargs(500000), generators(300000), brief(60000), strings(300000),
}, " ")
