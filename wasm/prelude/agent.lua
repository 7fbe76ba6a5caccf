-- agent.lua: agents. An agent is a description that goes with each call; the host keeps nothing of it. The loop of
-- model turns and tool calls is the host's, and stops here only to run the script's own tools.
local host = ...
local _ENV = host.env
local check_fields = host.check_fields

local MAX_DEPTH = 16 -- of agents that ask each other: who is asked by so many is asked in a ring

local methods = {}
local meta = host.class("agent", methods)
meta.__metatable = false
local agents = {} -- by name: the manifest's and the script's
local numbers = {} -- by wanted name: the last number given
local private = setmetatable({}, { __mode = "k" })

local fields = {
  name = "string?", model = "string?", provider = "string?", fallback = "table?", description = "string?",
  prompt = "string?", temperature = "number?", max_tokens = "integer?", parameters = "table?", tools = "table?",
  max_turns = "integer?", schema = "table?", transfer_to = "table?", streaming = "boolean?",
}
local sent = { "model", "provider", "prompt", "temperature", "max_tokens", "max_turns", "parameters" } -- as they are
local input_fields = {
  text = "string", media = "table?", parameters = "table?", context = "table?", output_modalities = "table?",
}

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

-- A list of strings, where it may also be of agents: then their names.
local function names(fn, field, list, or_agents)
  local found = {}
  for i, item in ipairs(host.check_list(fn, 1, list, field)) do
    found[i] = or_agents and private[item] and private[item].spec.name or item
    if type(found[i]) ~= "string" then
      host.bad_argument(fn, 1, ("field '%s': item %d: %s expected, got %s"):format(field, i,
        or_agents and "agent or name of one" or "string", type(item)))
    end
  end
  return host.array(found)
end

local function create(fn, given, from_manifest)
  check_fields(fn, 1, given, fields)
  local spec = {}
  for _, field in ipairs(sent) do spec[field] = given[field] end
  spec.fallback = given.fallback and names(fn, "fallback", given.fallback)
  spec.schema = given.schema and host.schema_of(fn, "schema", given.schema)
  local state = {
    description = given.description, tools = {}, streams = given.streaming ~= false,
    targets = names(fn, "transfer_to", given.transfer_to or {}, true),
  }
  for i, item in ipairs(host.check_list(fn, 1, given.tools or {}, "tools")) do
    if not (type(item) == "string" or host.is(item, host.tool_meta) or host.is(item, meta)) then
      host.bad_argument(fn, 1, ("field 'tools': item %d: tool, agent or name of one expected, got %s"):format(i, type(item)))
    end
    state.tools[i] = item
  end
  spec.name = unique_name(given.name)
  if not from_manifest then -- what the host gives back is a copy: `parameters` and `schema` stay as they are now
    spec = host.looked_at(fn, 1, "", "agent.check", spec)
  end
  state.spec = spec
  local agent = setmetatable({
    name = spec.name, model = given.model, provider = given.provider, description = given.description,
  }, meta)
  private[agent] = state
  agents[spec.name] = agent
  return agent
end

-- The name of a tool that stands for an agent: what every protocol takes.
local function tool_name(prefix, agent)
  return (prefix .. private[agent].spec.name:gsub("[^%w_-]", "_")):sub(1, 64)
end

-- An agent in another one's `tools`, by itself or by name: it is asked, as in a conversation of one question, and the
-- answer is the tool's result.
local function as_tool(item)
  local agent = host.is(item, meta) and item or type(item) == "string" and not host.granted[item] and agents[item]
  if not agent then return nil end
  local spec = {
    name = tool_name("", agent), script = true,
    description = private[agent].description or ("Asks the agent '%s'."):format(private[agent].spec.name),
    parameters = {
      type = "object", required = { "text" },
      properties = { text = { type = "string", description = "what to ask, with all that it needs to know" } },
    },
  }
  return spec, function(args, depth)
    host.check_arguments(spec.name, spec.parameters, args)
    if depth == MAX_DEPTH then host.fail("tool", ("agents that ask each other nest at most %d deep"):format(MAX_DEPTH)) end
    local output = host.execute("agent:execute", agent, { text = args.text }, host.array {}, depth + 1)
    if output.data ~= nil then return output.data end
    return output.text
  end
end

-- The agent's tools and handovers, once they are needed: they may name agents that came later.
local function equip(fn, state)
  if state.own then return end
  local spec, transfers, seen = state.spec, {}, {}
  local tools, own = host.tool_specs(fn, state.tools, as_tool)
  for _, tool in ipairs(tools) do seen[tool.name] = true end
  for i, name in ipairs(state.targets) do
    local target = agents[name]
    if not target then
      host.fail("not_found", ("agent '%s': there is no agent '%s' to hand over to%s"):format(
        spec.name, name, host.suggestion(name, agents)))
    end
    local tool, description = tool_name("transfer_to_", target), private[target].description
    if seen[tool] then
      host.bad_argument(fn, 1, ("field 'transfer_to': item %d: there is a tool '%s' before it"):format(i, tool))
    end
    seen[tool] = true
    transfers[i] = {
      agent = name, name = tool, parameters = { type = "object", properties = {} },
      description = ("Hands the conversation over to the agent '%s'."):format(name) .. (description and " " .. description or ""),
    }
  end
  spec.tools, spec.transfers, state.own = tools, host.array(transfers), own
end

local function check_input(fn, input)
  if type(input) == "string" then return { text = input } end
  if input == nil then host.bad_argument(fn, 1, "text expected, got no value; pass a string or { text = ... }") end
  if type(input) == "table" and input.text == nil then
    host.bad_argument(fn, 1, "field 'text': string expected, got no value; pass a string or { text = ... }")
  end
  check_fields(fn, 1, input, input_fields)
  names(fn, "output_modalities", input.output_modalities or {})
  for i, item in ipairs(host.check_list(fn, 1, input.media or {}, "media")) do
    if not host.is_media(item) then
      host.bad_argument(fn, 1, ("field 'media': item %d: media expected, got %s"):format(i, type(item)))
    end
  end
  return input
end

local function state_of(self, method)
  local state = private[self]
  if state == nil then host.raise(("call '%s' with ':', as in agent:%s(...)"):format(method, method)) end
  return state
end

-- What an execution starts with. With a history, the agents that it may be handed over to come along, for they answer
-- in it too; without one, a handover is the script's business.
local function request(fn, agent, input, history)
  local specs, own, left = {}, {}, { agent }
  for _, next_agent in ipairs(left) do
    local state = private[next_agent]
    if not own[state.spec.name] then
      equip(fn, state)
      specs[#specs + 1], own[state.spec.name] = state.spec, state.own
      for _, name in ipairs(history and state.targets or {}) do left[#left + 1] = agents[name] end
    end
  end
  return { agents = specs, input = input, history = history }, own
end

function host.execute(fn, agent, input, history, depth)
  local asked, own = request(fn, agent, input, history)
  local reply = host.await("agent.execute", asked)
  while reply.tools do
    local results = host.run_tools(own, reply.tools, depth or 0)
    reply = host.await("agent.execute", { agents = asked.agents, state = reply.state, results = results })
  end
  return host.answered(reply.output)
end

-- What the host gave as the output of an agent, with handles for its media.
function host.answered(output)
  host.handles(output.media)
  for _, message in ipairs(output.messages or {}) do host.handles(message.media) end
  return output
end

function host.stream_execute(fn, agent, input, history, ended)
  if not private[agent].streams then
    host.fail("streaming_not_supported", ("agent '%s' was created with streaming = false"):format(private[agent].spec.name))
  end
  local asked, own = request(fn, agent, input, history)
  local id = host.call("agent.stream", asked)
  return host.new_stream(id, private[agent].spec.name, function(calls) return host.run_tools(own, calls, 0) end, ended)
end

-- One question, one whole answer: {text, media, tool_calls, data, transfer_to, metadata}.
function methods:execute(input)
  state_of(self, "execute")
  local output = host.execute("agent:execute", self, check_input("agent:execute", input))
  return output -- no tail call: a traceback names this method
end

-- The answer as it arrives. The further results make a `for` loop that is left close the stream.
function methods:stream_execute(input)
  state_of(self, "stream_execute")
  local stream = host.stream_execute("agent:stream_execute", self, check_input("agent:stream_execute", input))
  return stream, nil, nil, stream
end

-- {streaming, tools, json_schema, input_modalities, output_modalities} of the model's provider.
function methods:capabilities()
  local state = state_of(self, "capabilities")
  local found = host.call("agent.capabilities", { model = state.spec.model, provider = state.spec.provider })
  found.streaming = found.streaming and state.streams
  return found
end

function methods:supports_streaming()
  state_of(self, "supports_streaming")
  return methods.capabilities(self).streaming
end

-- The kinds of media that it takes: "text", "image", "audio", "video", "binary".
function methods:supported_media_types()
  state_of(self, "supported_media_types")
  return methods.capabilities(self).input_modalities
end

function methods:supports_multimodal()
  state_of(self, "supports_multimodal")
  return #methods.supported_media_types(self) > 1
end

function host.agent(name) return agents[name] end

-- A conversation: the agent with a memory (conversation.lua).
function methods:conversation()
  state_of(self, "conversation")
  return host.new_conversation(self, check_input)
end

meta.__tostring = function(agent) return ("agent '%s'"):format(agent.name) end

host.agent_meta, host.execute_agent = meta, methods.execute

local Agent = {}

function Agent.create(given)
  local agent = create("Agent.create", given)
  return agent
end

-- The agent of that name, from the manifest or created before; nil when there is none.
function Agent.get(name)
  return agents[host.check("Agent.get", 1, name, "string")]
end

-- The names of all agents, sorted.
function Agent.list()
  local found = {}
  for name in pairs(agents) do found[#found + 1] = name end
  table.sort(found)
  return found
end

host.module("Agent", Agent)

-- The manifest's agents exist before the script starts.
function host.declare_agents(list)
  for _, given in ipairs(list) do create("the manifest", given, true) end
end
