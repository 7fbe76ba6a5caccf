-- stream.lua: a model's answer as it arrives. A stream is its own iterator; the host holds the connection, and gives
-- it up when the stream ends, is cancelled, goes out of scope of a `for` loop, or is collected.
local host = ...
local _ENV = host.env

local methods = {}
local meta = host.class("stream", methods)
meta.__metatable = false
local states = setmetatable({}, { __mode = "k" })

local function state_of(self, method)
  local state = states[self]
  if state == nil then host.raise(("call '%s' with ':', as in stream:%s()"):format(method, method)) end
  return state
end

-- A stream over the host's stream `id`; `run_tools(calls)` runs the script's own tools when the model asks for them.
-- `ended(output)` is told once that it was read to the end, or, with nothing, that it was left.
function host.new_stream(id, run_tools, ended)
  local stream = setmetatable({}, meta)
  states[stream] = { id = id, run_tools = run_tools, ended = ended, chunks = {}, first = 1, last = 0, done = false }
  return stream
end

-- The reader has come to the end, or has left.
local function finish(state, output)
  local ended = state.ended
  state.ended = nil
  if ended then ended(output) end
end

local function close(state)
  state.chunks, state.first, state.last, state.calls = {}, 1, 0, nil
  if not state.done then
    state.done = true
    host.call("stream.close", state.id)
  end
  finish(state)
end

-- Put what the host gave behind what is there: several tasks may read one stream, and wait at once.
local function take(state, reply)
  for i, chunk in ipairs(reply.chunks) do state.chunks[state.last + i] = chunk end
  state.last = state.last + #reply.chunks
  state.calls = reply.tools or state.calls
  if reply.done then
    state.done = true
    state.output = reply.output or state.output
  end
end

-- The next chunk, or nil after the last one. Waits for the provider. The script's tools run once it has seen the chunks
-- that came before.
function methods:next()
  local state = state_of(self, "next")
  while true do
    local chunk = state.chunks[state.first]
    if chunk ~= nil then
      state.chunks[state.first] = nil
      state.first = state.first + 1
      return chunk
    end
    local calls = state.calls
    if calls then
      state.calls = nil
      state.results = state.run_tools(calls)
    end
    if state.done then
      finish(state, state.output)
      return nil
    end
    local request = { stream = state.id, results = state.results }
    state.results = nil
    local ok, reply = pcall(host.await, "stream.next", request)
    if not ok then
      if state.done then return nil end -- another task has come to the end
      close(state)
      error(reply, 0)
    end
    if not state.done or reply.done then take(state, reply) end
  end
end

-- Everything to the end: the same output as agent:execute gives.
function methods:collect()
  local state = state_of(self, "collect")
  while methods.next(self) do end
  return state.output
end

-- The answer's text, read to the end.
function methods:text()
  state_of(self, "text")
  local parts = {}
  for chunk in methods.next, self do
    if chunk.content.type == "text" then parts[#parts + 1] = chunk.content.text end
  end
  return table.concat(parts)
end

-- Stop; the connection to the provider is closed.
function methods:cancel()
  close(state_of(self, "cancel"))
end

meta.__call = function(self) return methods.next(self) end
meta.__close = function(self) close(states[self]) end
meta.__gc = function(self)
  if states[self] then close(states[self]) end
end
