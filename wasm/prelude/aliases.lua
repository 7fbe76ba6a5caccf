-- aliases.lua: the spellings of rs-llmspell's scripts, over what the other files do. Nothing here does what those
-- cannot; Workflow.builder(), which such scripts use too, is in workflow_builder.lua.
local host = ...
local _ENV = host.env
local is, check, copy = host.is, host.check, host.copy

-- ---- agents ----

local function leave_out() end
local warned = false

-- What Agent.create takes under another name, or not at all.
local words = {
  system_prompt = function(t, value) t.prompt = value end,
  custom_config = function(t, value)
    if not (t.prompt or t.system_prompt) and type(value) == "table" then t.prompt = value.system_prompt end
  end,
  allowed_tools = function(t, value) t.tools = value end,
  type = leave_out, agent_type = leave_out, -- rs-llmspell has no other than "llm" either
  resource_limits = function()
    if warned then return end
    warned = true
    local message = "an agent's resource_limits are not kept; what the manifest grants holds for the whole run"
    host.call("log", { level = "warn", message = message })
  end,
}

local function in_our_words(asked)
  if type(asked) ~= "table" then return asked end
  local t = asked
  for word, put in pairs(words) do
    local value = asked[word]
    if value ~= nil then
      if t == asked then t = copy(asked) end
      t[word] = nil
      put(t, value)
    end
  end
  local model = asked.model
  if type(model) == "table" then
    if t == asked then t = copy(asked) end
    t.model, t.provider = model.model_id, t.provider or model.provider
    t.temperature, t.max_tokens = t.temperature or model.temperature, t.max_tokens or model.max_tokens
  end
  return t
end

local create_agent = Agent.create
function Agent.create(asked)
  local agent = create_agent(in_our_words(asked))
  return agent
end

function Agent.register(asked)
  local agent = create_agent(in_our_words(asked))
  return agent.name
end

Agent.builder = host.builder_class("agent_builder",
  "name description model provider fallback prompt temperature max_tokens parameters tools max_turns schema "
  .. "transfer_to system_prompt custom_config allowed_tools type resource_limits",
  {
    tool = function(t, tool)
      t.tools = copy(t.tools or {})
      t.tools[#t.tools + 1] = tool
    end,
  },
  function(t) return (create_agent(in_our_words(t))) end)

-- `prompt` for `text`.
local function with_text(input)
  if type(input) ~= "table" or input.prompt == nil or input.text ~= nil then return input end
  input = copy(input)
  input.text, input.prompt = input.prompt, nil
  return input
end

local agent = host.classes.agent
local execute_agent, stream_agent = agent.execute, agent.stream_execute

function agent:execute(input)
  local output = execute_agent(self, with_text(input))
  return output
end

function agent:stream_execute(input)
  local stream = stream_agent(self, with_text(input))
  return stream, nil, nil, stream
end

agent.invoke = agent.execute

-- ---- tools ----

Tool.invoke = Tool.execute

-- Tool["name"] is the tool.
local get_tool, module_meta = Tool.get, getmetatable(Tool)
local no_function = module_meta.__index
function module_meta.__index(module, name)
  return type(name) == "string" and get_tool(name) or no_function(module, name)
end

-- tool.execute{...} is tool:execute{...}.
local tool_meta, execute_tool = host.tool_meta, host.execute_tool
local tool_method = tool_meta.__index
function tool_meta.__index(tool, key)
  if key ~= "execute" and key ~= "invoke" then return tool_method(tool, key) end
  return function(self, args)
    if not is(self, tool_meta) then self, args = tool, self end
    local result = execute_tool(self, args)
    return result
  end
end

-- ---- streams, state, arguments ----

host.module("Streaming", { create = Stream.create, yield = coroutine.yield })

local get_state, set_state, delete_state, state_keys = State.get, State.set, State.delete, State.keys

local function scoped(fn, scope, key)
  return check(fn, 1, scope, "string") .. ":" .. check(fn, 2, key, "string")
end

function State.save(scope, key, value) set_state(scoped("State.save", scope, key), value) end

function State.load(scope, key) return (get_state(scoped("State.load", scope, key))) end

function State.delete(scope, key)
  delete_state(key == nil and scope or scoped("State.delete", scope, key))
end

function State.list_keys(scope)
  local prefix, found = check("State.list_keys", 1, scope, "string") .. ":", {}
  for _, key in ipairs(state_keys()) do
    if key:sub(1, #prefix) == prefix then found[#found + 1] = key:sub(#prefix + 1) end
  end
  return found
end

ARGS = false -- its slot exists from the start
local setup = host.setup
function host.setup(config)
  local args = setup(config)
  ARGS = arg
  return args
end
