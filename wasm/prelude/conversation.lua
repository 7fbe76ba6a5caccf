-- conversation.lua: conversations: an agent with a memory of what was said. The memory is here; each call brings it
-- along, and what was said is added when the answer is whole. A call that fails leaves it as it was.
local host = ...
local _ENV = host.env

local methods = {}
local meta = host.class("conversation", methods)
meta.__metatable = false
local private = setmetatable({}, { __mode = "k" })

local function state_of(self, method)
  local state = private[self]
  if state == nil then host.raise(("call '%s' with ':', as in conversation:%s(...)"):format(method, method)) end
  return state
end

-- `check_input` is the agents' own.
function host.new_conversation(agent, check_input)
  local conversation = setmetatable({}, meta)
  private[conversation] = { agent = agent, check_input = check_input, history = {}, busy = false }
  return conversation
end

-- One question at a time: a second one would not know the answer to the first.
local function begin(state, method)
  if state.busy then
    host.raise(("conversation:%s: it still waits for an answer; take that first, or begin another conversation"):format(method))
  end
  state.busy = true
end

-- Take the messages out of the output into the memory, and go on with the agent that answered.
local function remember(state, output)
  for _, message in ipairs(output.messages) do state.history[#state.history + 1] = message end
  output.messages = nil
  state.agent = host.agent(output.metadata.agent) or state.agent
end

local function asked(state, fn, input)
  return state.agent, state.check_input(fn, input), host.array(state.history)
end

function methods:execute(input)
  local state = state_of(self, "execute")
  local agent, given, history = asked(state, "conversation:execute", input)
  begin(state, "execute")
  local free <close> = setmetatable({}, { __close = function() state.busy = false end })
  local output = host.execute("conversation:execute", agent, given, history)
  remember(state, output)
  return output
end

-- The memory grows when the stream comes to its end; one that is left early adds nothing.
function methods:stream_execute(input)
  local state = state_of(self, "stream_execute")
  local agent, given, history = asked(state, "conversation:stream_execute", input)
  begin(state, "stream_execute")
  local ok, stream = pcall(host.stream_execute, "conversation:stream_execute", agent, given, history, function(output)
    state.busy = false
    if output then remember(state, output) end
  end)
  if not ok then
    state.busy = false
    error(stream, 0)
  end
  return stream, nil, nil, stream
end

local function copy(value)
  if type(value) ~= "table" or host.is_media(value) then return value end
  local t = {}
  for key, item in next, value do t[key] = copy(item) end
  return t
end

-- What was said so far, as a copy: {role = "user"|"assistant"|"tool", text, media?, tool_calls?, tool_call_id?, name?, is_error?}.
function methods:history()
  return copy(state_of(self, "history").history)
end

-- Forget what was said. The agent that answers now stays.
function methods:reset()
  local state = state_of(self, "reset")
  if state.busy then begin(state, "reset") end
  state.history = {}
end

-- The agent that answers now: after a handover, another one than at the start.
function methods:agent()
  return state_of(self, "agent").agent
end

meta.__tostring = function(self) return ("conversation with %s"):format(tostring(private[self].agent)) end
