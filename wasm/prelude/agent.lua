-- agent.lua: agents. An agent is a description that goes with each call; the host keeps nothing of it. The loop of
-- model turns and tool calls is the host's, and stops here only to run the script's own tools.
local host = ...
local _ENV = host.env
local check_fields = host.check_fields

local methods = {}
local meta = host.class("agent", methods)
meta.__metatable = false
local agents = {} -- by name: the manifest's and the script's
local numbers = {} -- by wanted name: the last number given
local private = setmetatable({}, { __mode = "k" })

local fields = {
  name = "string?", model = "string?", provider = "string?", prompt = "string?", temperature = "number?",
  max_tokens = "integer?", parameters = "table?", tools = "table?", max_turns = "integer?", streaming = "boolean?",
}
local input_fields = { text = "string", parameters = "table?", context = "table?" }

local function unique_name(wanted)
  wanted = wanted or "agent"
  local name, n = wanted, numbers[wanted] or 1
  while agents[name] do
    n = n + 1
    name = ("%s-%d"):format(wanted, n)
  end
  numbers[wanted] = n
  return name
end

local function create(fn, given)
  check_fields(fn, 1, given, fields)
  local specs, own = host.tool_specs(fn, given.tools)
  local name = unique_name(given.name)
  local spec = { name = name, tools = host.array(specs) }
  for _, field in ipairs { "model", "provider", "prompt", "temperature", "max_tokens", "max_turns", "parameters" } do
    spec[field] = given[field]
  end
  local agent = setmetatable({ name = name, model = given.model, provider = given.provider }, meta)
  private[agent] = { spec = spec, own = own }
  agents[name] = agent
  return agent
end

local function check_input(fn, input)
  if type(input) == "string" then return { text = input } end
  if type(input) == "table" and input.text == nil then
    host.bad_argument(fn, 1, "field 'text': string expected, got no value; pass a string or { text = ... }")
  end
  return check_fields(fn, 1, input, input_fields)
end

local function state_of(self, method)
  local state = private[self]
  if state == nil then host.raise(("call '%s' with ':', as in agent:%s(...)"):format(method, method)) end
  return state
end

-- One question, one whole answer: {text, media, tool_calls, metadata}.
function methods:execute(input)
  local state = state_of(self, "execute")
  local request = { agent = state.spec, input = check_input("agent:execute", input) }
  local reply = host.await("agent.execute", request)
  while reply.tools do
    local results = host.run_tools(state.own, reply.tools)
    reply = host.await("agent.execute", { agent = state.spec, state = reply.state, results = host.array(results) })
  end
  return reply.output
end

-- The answer as it arrives. The further results make a `for` loop that is left close the stream.
function methods:stream_execute(input)
  local state = state_of(self, "stream_execute")
  local id = host.call("agent.stream", { agent = state.spec, input = check_input("agent:stream_execute", input) })
  local stream = host.new_stream(id, function(calls) return host.array(host.run_tools(state.own, calls)) end)
  return stream, nil, nil, stream
end

-- {streaming, tools, input_modalities, output_modalities} of the model's provider.
function methods:capabilities()
  local spec = state_of(self, "capabilities").spec
  return host.call("agent.capabilities", { model = spec.model, provider = spec.provider })
end

function methods:supports_streaming()
  state_of(self, "supports_streaming")
  return methods.capabilities(self).streaming
end

meta.__tostring = function(agent) return ("agent '%s'"):format(agent.name) end

host.agent_meta, host.execute_agent = meta, methods.execute

local Agent = {}

function Agent.create(given) return create("Agent.create", given) end

-- The agent of that name, from the manifest or created before; nil when there is none.
function Agent.get(name)
  host.check("Agent.get", 1, name, "string")
  return agents[name]
end

-- The names of all agents, sorted.
function Agent.list()
  local names = {}
  for name in pairs(agents) do names[#names + 1] = name end
  table.sort(names)
  return names
end

host.module("Agent", Agent)

-- The manifest's agents exist before the script starts.
function host.declare_agents(list)
  for _, given in ipairs(list) do create("the manifest", given) end
end
