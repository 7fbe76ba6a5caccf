-- stream.lua: streams. A stream is its own iterator over what something gives bit by bit: a model's answer, a coroutine,
-- other streams. It is filled when it is read, by one task at a time; left, cancelled or collected, it lets go of what it
-- reads from.
local host = ...
local _ENV = host.env
local T = host.task
local check = host.check
local resume, status_of = coroutine.resume, coroutine.status

local methods = {}
local meta = host.class("stream", methods)
meta.__metatable = false
local states = setmetatable({}, { __mode = "k" })
local coroutines = setmetatable({}, { __mode = "k" }) -- those that `stream.coroutine` gives
local made = 0

local function state_of(self, method)
  local state = states[self]
  if state == nil then host.raise(("call '%s' with ':', as in stream:%s()"):format(method, method)) end
  return state
end

-- The reader has come to the end, or has left: who made the stream is told once, with the output where it was read whole.
local function finish(state)
  local ended = state.ended
  if not ended then return end
  state.ended = nil
  ended(state.over == "done" and state.output or nil)
end

-- Nothing follows: what is still there is dropped, and what the stream reads from is let go of.
local function stop(state, status)
  if state.over and (state.items[state.first] == nil or state.over == "cancelled") then
    finish(state)
    if state.co and state.busy then state.close(state) end -- cancelled while it ran; perhaps it waits by now
    return
  end
  state.over = status
  local left = state.items[state.first]
  state.items, state.first = {}, 1
  state.close(state, left)
  finish(state)
end

-- The end of a fill, also by an error or because the reading task was cancelled. A coroutine does not survive either.
local state_meta = {
  __close = function(state, err)
    state.busy, state.reader = false, nil
    if not state.filled and not state.over and (err ~= nil or state.co) then
      pcall(stop, state, err ~= nil and "failed" or "cancelled")
    end
    local waiting = state.waiting
    if #waiting > 0 then
      state.waiting = {}
      for _, task in ipairs(waiting) do T.wake(task) end
    end
  end,
}

-- A stream: `pull(state)` puts at least one item into state.items, or sets state.over; `close(state, left)` ends what it
-- reads from, where `left` is the first item that nobody took.
local function new(id, pull, close)
  local stream = setmetatable({ id = id }, meta)
  local state = setmetatable({ pull = pull, close = close, items = {}, first = 1, waiting = {} }, state_meta)
  states[stream] = state
  return stream, state
end

local function new_id()
  made = made + 1
  return "script-stream-" .. made
end

-- Ask for more; or wait until the task that does has come back, and let the caller look again.
local function fill(state)
  if state.busy then
    local me = T.current()
    if state.reader == me then host.raise("this task is reading the stream already: its own function cannot") end
    state.waiting[#state.waiting + 1] = me
    T.park()
    return
  end
  if state.needs_tasks then T.check_wait() end
  state.busy, state.reader, state.filled = true, T.current(), false
  local held <close> = state
  state.pull(state)
  state.filled = true
end

-- The next item, or nil after the last one.
function methods:next()
  local state = states[self] or state_of(self, "next")
  while true do
    local first = state.first
    local item = state.items[first]
    if item ~= nil then
      state.items[first] = nil
      state.first = first + 1
      return item
    end
    if state.over then
      finish(state)
      return nil
    end
    fill(state)
  end
end
local next_item = methods.next

-- Does nothing follow? Waits until that is known.
function methods:isDone()
  local state = state_of(self, "isDone")
  while state.items[state.first] == nil do
    if state.over then
      finish(state)
      return true
    end
    fill(state)
  end
  return false
end

-- Everything to the end: a list of the items, or what agent:execute gives for an agent's stream.
function methods:collect()
  local state = state_of(self, "collect")
  local items, from_model = {}, state.run_tools ~= nil
  for item in next_item, self do
    if not from_model then items[#items + 1] = item end
  end
  if from_model then return state.output end
  return items
end

-- The text of all text chunks and strings to the end.
function methods:text()
  state_of(self, "text")
  local parts = {}
  for item in next_item, self do
    local content = type(item) == "table" and item.content
    local text = type(content) == "table" and content.type == "text" and content.text or item
    if type(text) == "string" then parts[#parts + 1] = text end
  end
  return table.concat(parts)
end

-- Stop. A function's <close> variables run, a model's connection is closed.
function methods:cancel()
  stop(state_of(self, "cancel"), "cancelled")
end

local function status(self)
  local state = states[self]
  if state.over == "cancelled" or state.over and state.items[state.first] == nil then return state.over end
  return (state.over or state.filled ~= nil) and "running" or "ready"
end

-- A created stream's own coroutine; for any other, one that yields its items.
local function coroutine_of(self)
  local co = coroutines[self]
  if co == nil then
    co = coroutine.create(function()
      for item in next_item, self do coroutine.yield(item) end
    end)
    coroutines[self] = co
  end
  return co
end

local find_method = meta.__index
meta.__index = function(self, key)
  if key == "status" then return status(self) end
  if key == "coroutine" then return coroutine_of(self) end
  return find_method(self, key)
end
meta.__call = next_item
meta.__close = function(self) stop(states[self], "cancelled") end
meta.__gc = function(self)
  if states[self] then stop(states[self], "cancelled") end
end

-- ---- a model's answer: the host holds the connection and what has come of it ----

-- The chunks that are there. The script's tools run once it has seen the chunks that came before. `got` counts replies:
-- one that a cancelled task did not take is given again.
local function pull_chunks(state)
  if state.calls then
    state.results = state.run_tools(state.calls)
    state.calls = nil
    if state.over then return end
  end
  local ok, reply = pcall(host.await, "stream.next", { stream = state.id, got = state.got, results = state.results })
  if state.over then return end -- cancelled meanwhile
  if not ok then error(reply, 0) end
  state.got, state.results, state.calls = state.got + 1, nil, reply.tools
  state.items, state.first = reply.chunks, 1
  for _, chunk in ipairs(reply.chunks) do
    if chunk.content.media then host.handles { chunk.content.media } end
  end
  local last = reply.chunks[#reply.chunks]
  if last then state.index, state.agent = last.chunk_index + 1, last.metadata.agent end
  if reply.done then
    state.over, state.output = "done", reply.output and host.answered(reply.output)
    host.call("stream.close", state.id)
  end
end

-- Who still reads learns that it was cancelled, from a chunk whose number follows the last one read.
local function close_chunks(state, left)
  local now = host.call("stream.close", state.id)
  state.calls, state.results, state.output = nil, nil, nil
  if state.over ~= "cancelled" then return end
  state.items[1] = {
    stream_id = state.id,
    chunk_index = left and left.chunk_index or state.index,
    timestamp = now,
    metadata = { agent = state.agent },
    content = { type = "control", kind = "cancelled" },
  }
end

-- A stream over the host's stream `id`; `run_tools(calls)` runs the script's own tools when the model asks for them.
-- `ended(output)` is told once that it was read to the end, or, with nothing, that it was left.
function host.new_stream(id, agent_name, run_tools, ended)
  local stream, state = new(id, pull_chunks, close_chunks)
  state.id, state.run_tools, state.ended, state.agent, state.got, state.index = id, run_tools, ended, agent_name, 0, 0
  return stream
end

-- ---- what a coroutine yields ----

local function pull_yield(state)
  local co, item = state.co, nil
  repeat
    if status_of(co) == "dead" then
      state.over = "done"
      return
    end
    local ok
    local args = state.args
    state.args = nil
    if args then ok, item = resume(co, table.unpack(args, 1, args.n)) else ok, item = resume(co) end
    if state.over then return state.close(state) end -- cancelled meanwhile
    if not ok then
      if status_of(co) == "dead" then ok, item = coroutine.close(co) end -- its <close> variables, as coroutine.wrap does
      error(item, 0)
    end
  until item ~= nil and status_of(co) ~= "dead"
  state.items[1], state.first = item, 1
end

-- A function that waits in another task is closed there; one that runs is closed when it comes back.
local function close_coroutine(state)
  local status = status_of(state.co)
  if status == "suspended" or status == "dead" then -- after an error its variables are still to be closed
    local ok, err = coroutine.close(state.co)
    if not ok and status == "suspended" then error(err, 0) end
  elseif state.reader then
    T.interrupt(state.reader, state.co)
  end
end

local Stream = {}

-- What fn(...), run as a coroutine, yields: the first value of each yield, where it is not nil.
function Stream.create(fn, ...)
  if type(fn) ~= "function" and type(fn) ~= "thread" then
    host.bad_argument("Stream.create", 1, "function or coroutine expected, got " .. (fn == nil and "no value" or type(fn)))
  end
  local stream, state = new(new_id(), pull_yield, close_coroutine)
  state.co = type(fn) == "thread" and fn or coroutine.create(fn)
  state.args = table.pack(...)
  coroutines[stream] = state.co
  return stream, nil, nil, stream -- a `for` loop closes the last of them when it is left
end

-- ---- streams of streams ----

local function check_stream(fn, position, value)
  if states[value] == nil then
    host.bad_argument(fn, position, "stream expected, got " .. (value == nil and "no value" or type(value)))
  end
end

-- What transform(item) gives for each item of the source, where it is not nil.
local function derive(source, transform)
  local stream = new(new_id(), function(state)
    local item
    repeat
      local given = next_item(source)
      if given == nil and not state.over then state.over = "done" end
      if state.over then return end
      item = transform(given)
    until item ~= nil
    if not state.over then state.items[1], state.first = item, 1 end
  end, function() methods.cancel(source) end)
  return stream, nil, nil, stream
end

-- f(item) for each item; where it is nil the item is passed over.
function Stream.map(source, f)
  check_stream("Stream.map", 1, source)
  check("Stream.map", 2, f, "function")
  return derive(source, function(item) return (f(item)) end)
end

-- The items for which f(item) is true.
function Stream.filter(source, f)
  check_stream("Stream.filter", 1, source)
  check("Stream.filter", 2, f, "function")
  return derive(source, function(item)
    if f(item) then return item end
  end)
end

-- The first n items; then the source is cancelled.
function Stream.take(source, n)
  check_stream("Stream.take", 1, source)
  check("Stream.take", 2, n, "integer")
  if n < 0 then host.bad_argument("Stream.take", 2, "a count from 0 on expected") end
  local function pull(state)
    local item = next_item(source)
    if state.over then return end
    n = n - 1
    state.items[1], state.first = item, 1
    if n == 0 or item == nil then
      state.over = "done"
      methods.cancel(source)
    end
  end
  local stream, state = new(new_id(), pull, function() methods.cancel(source) end)
  if n == 0 then
    state.over = "done"
    methods.cancel(source)
  end
  return stream, nil, nil, stream
end

-- Reads one source of a merged stream, in a task of its own: offers an item, and goes on when it was taken.
local function feed(merged, index, source)
  while not merged.over do
    local item = next_item(source)
    if item == nil or merged.over then return end
    merged.last = merged.last + 1
    merged.offered[merged.last] = { source = index, item = item }
    merged.full[index] = true
    if merged.group.waiter then T.wake(merged.group.waiter) end
    while merged.full[index] and not merged.over do T.park() end
  end
end

-- The items of all streams in the list as {source = its place, item =}, in the order in which they come.
function Stream.merge(list)
  check("Stream.merge", 1, list, "table")
  local sources = {}
  for i, source in ipairs(list) do
    if states[source] == nil then
      host.bad_argument("Stream.merge", 1, ("item %d: stream expected, got %s"):format(i, type(source)))
    end
    sources[i] = source
  end
  if #sources == 0 then host.bad_argument("Stream.merge", 1, "at least one stream expected") end
  -- A source's end, and its error, come by the group; that belongs to the run: any task may read the stream.
  local group = host.new_group()
  group.quiet = true
  local merged = { group = group, offered = {}, first = 1, last = 0, full = {}, tasks = nil, over = false }

  local function pull(state)
    if not merged.tasks then
      merged.tasks = {}
      for i, source in ipairs(sources) do
        merged.tasks[i] = host.spawn(feed, group, "Stream.merge", merged, i, source)
      end
    end
    while not state.over do
      local offer = merged.offered[merged.first]
      if offer then
        merged.offered[merged.first] = nil
        merged.first = merged.first + 1
        merged.full[offer.source] = nil
        T.wake(merged.tasks[offer.source])
        state.items[1], state.first = offer, 1
        return
      elseif group.taken < group.ended then
        T.await(T.take(group))
        if group.taken == #sources then state.over = "done" end
      else
        group.waiter = T.current()
        T.park()
      end
    end
  end

  local function close()
    merged.over = true
    local failed, reason
    for _, source in ipairs(sources) do
      local ok, err = pcall(methods.cancel, source)
      if not ok then failed, reason = true, err end
    end
    for _, task in ipairs(merged.tasks or {}) do T.wake(task) end
    if group.waiter then T.wake(group.waiter) end
    if failed then error(reason, 0) end
  end

  local stream, state = new(new_id(), pull, close)
  state.needs_tasks = true
  return stream, nil, nil, stream
end

host.module("Stream", Stream)
