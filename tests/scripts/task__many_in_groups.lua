-- Groups inside groups, cancelled from the middle, again and again.
-- expect: ok
for round = 1, 30 do
  local closed, opened = 0, 0
  local function work(depth)
    opened = opened + 1
    local x <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
    Task.sleep(0)
    if depth == 0 then
      Task.sleep(60)
    else
      Task.all { function() work(depth - 1) end, function() work(depth - 1) end }
    end
  end
  local ok, e = pcall(Task.race, {
    function() work(4) end,
    function()
      for _ = 1, round do Task.sleep(0) end
      error("stop", 0)
    end,
  })
  assert(not ok and e == "stop", e)
  assert(opened == closed and opened > 0, opened .. " " .. closed)
end
