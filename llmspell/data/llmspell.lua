---@meta llmspell
-- What a script of llmspell sees, described for the Lua language server. `llmspell init` writes this file into
-- .llmspell/ beside a project's scripts and refreshes it there; nothing runs it.

-- ---- agents ----

---@class llmspell.AgentOptions
---@field name? string unique in the run, else numbered
---@field model? string "name" or "provider/name"; by default the provider's
---@field provider? string by default the manifest's
---@field description? string what another agent's model is told of this one
---@field prompt? string the system prompt
---@field temperature? number
---@field max_tokens? integer longest answer
---@field parameters? table<string, any> passed through to the provider as they are
---@field tools? (string|llmspell.Tool|llmspell.Agent)[] tools by name, tools of the script, other agents
---@field max_turns? integer of the tool loop; 8 by default
---@field streaming? boolean false: no streams, also where the provider can
---@field schema? table the answer's JSON Schema, or { field = "string" }: `data` of the output is the checked value
---@field transfer_to? (string|llmspell.Agent)[] agents that the model may hand the conversation over to
---@field fallback? string[] models to ask in turn where the model fails

---@class llmspell.Input
---@field text string
---@field parameters? table<string, any> go over those of the agent
---@field context? table<string, any>
---@field media? llmspell.Media[]
---@field output_modalities? string[]

---@class llmspell.Usage
---@field input_tokens integer
---@field output_tokens integer
---@field cached_tokens integer part of input_tokens
---@field reasoning_tokens integer part of output_tokens
---@field cache_write_tokens integer part of input_tokens, which some servers charge more for
---@field cost? number US dollars; nil where a price is not known

---@class llmspell.OutputMetadata
---@field agent string who answered
---@field model string
---@field provider string
---@field usage llmspell.Usage the sum over all turns
---@field finish_reason "stop"|"length"|"tool_calls"|"content_filter"|"other"
---@field turns integer
---@field duration_ms number
---@field request_id string

---@class llmspell.ToolCall
---@field id string
---@field name string
---@field arguments table<string, any>
---@field error? string why the arguments could not be read

---@class llmspell.Output
---@field text string
---@field media llmspell.Media[]
---@field tool_calls llmspell.ToolCall[] all that were made
---@field reasoning? string what the model thought before its answer
---@field data? any the checked value, where the agent has a schema
---@field transfer_to? string the agent that the model handed over to
---@field metadata llmspell.OutputMetadata

---@class llmspell.Capabilities
---@field streaming boolean
---@field tools boolean
---@field json_schema? boolean
---@field input_modalities string[]
---@field output_modalities string[]
---@field max_context? integer
---@field max_media_size? table<string, integer> bytes of one medium, by its type
---@field max_image_side? integer pixels of an image's width, and of its height

---@class llmspell.Agent
---@field name string
---@field model? string
---@field provider? string
---@field description? string
local agent = {}

---One question, one whole answer.
---@param input string|llmspell.Input
---@return llmspell.Output
function agent:execute(input) end

---The answer as it arrives: `for chunk in agent:stream_execute("...") do`. Leaving the loop closes the connection.
---@param input string|llmspell.Input
---@return llmspell.ChunkStream
function agent:stream_execute(input) end

---What the model's provider can do.
---@return llmspell.Capabilities
function agent:capabilities() end

---@return boolean
function agent:supports_streaming() end

---@return boolean
function agent:supports_multimodal() end

---"text", "image", "audio", "video", "binary".
---@return string[]
function agent:supported_media_types() end

---A conversation with this agent, which keeps its history.
---@return llmspell.Conversation
function agent:conversation() end

---@class llmspell.Message
---@field role "system"|"user"|"assistant"|"tool"
---@field text string
---@field media? llmspell.Media[]
---@field tool_calls? llmspell.ToolCall[] of the assistant
---@field tool_call_id? string of a tool
---@field name? string of a tool
---@field is_error? boolean of a tool: it failed

---@class llmspell.Conversation
local conversation = {}

---@param input string|llmspell.Input
---@return llmspell.Output
function conversation:execute(input) end

---@param input string|llmspell.Input
---@return llmspell.ChunkStream
function conversation:stream_execute(input) end

---What was said so far, as a copy.
---@return llmspell.Message[]
function conversation:history() end

---Forget what was said.
function conversation:reset() end

---The agent that answers now: after a handover, another one than at the start.
---@return llmspell.Agent
function conversation:agent() end

---@class llmspell.AgentModule
Agent = {}

---@param options llmspell.AgentOptions
---@return llmspell.Agent
function Agent.create(options) end

---The agent of that name, from the manifest or created before; nil when there is none.
---@param name string
---@return llmspell.Agent?
function Agent.get(name) end

---The names of all agents, sorted.
---@return string[]
function Agent.list() end

-- ---- streams ----

---@class llmspell.Content
---@field type "text"|"reasoning"|"tool_call_progress"|"tool_call_complete"|"media"|"control"
---@field text? string of "text": nil in every other chunk
---@field reasoning? string of "reasoning": a piece of what the model thinks
---@field tool_id? string of the two about tool calls
---@field name? string of the two about tool calls
---@field partial_args? string of "tool_call_progress": the new piece of the arguments' JSON
---@field args? table<string, any> of "tool_call_complete"
---@field result? string of "tool_call_complete"
---@field is_error? boolean of "tool_call_complete": the tool failed
---@field media? llmspell.Media of "media"
---@field is_final? boolean of "media"
---@field kind? "stream_start"|"stream_end"|"cancelled"|"heartbeat"|"rate_limit" of "control"
---@field usage? llmspell.Usage of "stream_end"
---@field finish_reason? string of "stream_end"
---@field provider? string of "rate_limit"
---@field retry_after? number of "rate_limit": seconds

---@class llmspell.Chunk
---@field stream_id string
---@field chunk_index integer counts from 0 without gaps
---@field timestamp number seconds since 1970, when the chunk was received
---@field metadata table<string, any>
---@field content llmspell.Content

---@class llmspell.Stream
---@overload fun(): any
---@field id string
---@field status "ready"|"running"|"done"|"failed"|"cancelled"
---@field coroutine thread of Stream.create, else one that yields the stream's items
local stream = {}

---The next item; nil after the last one.
---@return any
function stream:next() end

---Does nothing follow?
---@return boolean
function stream:isDone() end

---Everything to the end: an agent's output, or the list of a stream's items.
---@return any
function stream:collect() end

---The text to the end.
---@return string
function stream:text() end

---Stop; what is behind the stream is closed.
function stream:cancel() end

---The stream of an agent's answer.
---@class llmspell.ChunkStream: llmspell.Stream
---@overload fun(): llmspell.Chunk?
---@field next fun(self: llmspell.ChunkStream): llmspell.Chunk?
---@field collect fun(self: llmspell.ChunkStream): llmspell.Output

---@class llmspell.StreamModule
Stream = {}

---A stream of what the function, run as a coroutine, yields: the first value of each yield, where it is not nil.
---@param fn function|thread
---@param ... any its arguments
---@return llmspell.Stream
function Stream.create(fn, ...) end

---Several streams at once, in the order of arrival; `source` is the stream's place in the list.
---@param streams llmspell.Stream[]
---@return llmspell.Stream # of { source, item }
function Stream.merge(streams) end

---@param stream llmspell.Stream
---@param fn fun(item: any): any
---@return llmspell.Stream
function Stream.map(stream, fn) end

---@param stream llmspell.Stream
---@param fn fun(item: any): boolean
---@return llmspell.Stream
function Stream.filter(stream, fn) end

---The first `count` items; then the stream is cancelled.
---@param stream llmspell.Stream
---@param count integer
---@return llmspell.Stream
function Stream.take(stream, count) end

-- ---- tools ----

---@class llmspell.ToolOptions
---@field name string at most 64 letters, digits, "_" or "-"
---@field description? string what the model is told
---@field parameters? table<string, any> a JSON Schema, or { field = "string", other = "number?" }
---@field run fun(args: table<string, any>): any

---@class llmspell.Tool
---@field name string
---@field description string
---@field schema table
---@field source string "host" or "script"
local tool = {}

---@param args? table<string, any>
---@return any
function tool:execute(args) end

---@class llmspell.ToolModule
Tool = {}

---A tool that runs in the sandbox, whoever calls it.
---@param options llmspell.ToolOptions
---@return llmspell.Tool
function Tool.define(options) end

---Every tool that the script may use, sorted by name.
---@return llmspell.Tool[]
function Tool.list() end

---@param name string
---@return llmspell.Tool?
function Tool.get(name) end

---@param name string
---@return boolean
function Tool.exists(name) end

---Arguments that do not fit, and a failure of a tool of the host, are errors of kind "tool"; what a tool of the script
---raises reaches the caller as it is.
---@param name string
---@param args? table<string, any>
---@return any
function Tool.execute(name, args) end

-- ---- tasks ----

---@class llmspell.Task
local task = {}

---Wait for its results; an error in it is raised here.
---@return any ...
function task:await() end

function task:cancel() end

---@return string
function task:status() end

---@return integer
function task:id() end

---@class llmspell.TaskModule
Task = {}

---@param fn function
---@param ... any its arguments
---@return llmspell.Task
function Task.spawn(fn, ...) end

---The same as task:await().
---@param task llmspell.Task
---@return any ...
function Task.await(task) end

---The results in order; the first error cancels the rest and is raised.
---@param list (function|llmspell.Task)[]
---@return any[]
function Task.all(list) end

---Every outcome in order; raises nothing.
---@param list (function|llmspell.Task)[]
---@return { ok: boolean, value: any, error: any }[]
function Task.settle(list) end

---The first to end wins, with its result or error, and its place in the list; the rest are cancelled.
---@param list (function|llmspell.Task)[]
---@return any result
---@return integer place
function Task.race(list) end

---@class llmspell.MapOptions
---@field concurrency? integer how many run at once

---@param list any[]
---@param fn fun(item: any, index: integer): any
---@param options? llmspell.MapOptions
---@return any[]
function Task.map(list, fn, options) end

---@param seconds number
function Task.sleep(seconds) end

---The function's results, or an error of kind "timeout".
---@param seconds number
---@param fn function
---@param ... any its arguments
---@return any ...
function Task.timeout(seconds, fn, ...) end

-- ---- workflows ----

---What the functions of a workflow get; a new table each time.
---@class llmspell.StepContext
---@field workflow string its name
---@field step? string its name
---@field attempt? integer
---@field input any the workflow's
---@field previous any the last output
---@field outputs table<string, any> by step
---@field item any of a loop
---@field iteration? integer of a loop, from 1

---Has exactly one of agent, tool, workflow and run.
---@class llmspell.Step
---@field name? string
---@field agent? llmspell.Agent|string
---@field tool? llmspell.Tool|string
---@field workflow? llmspell.Workflow
---@field run? fun(ctx: llmspell.StepContext, input: any): any
---@field input? any a value, or a function of the context; by default what came before
---@field retries? integer
---@field retry_delay? number seconds
---@field timeout? number seconds, of one attempt
---@field error_strategy? "fail_fast"|"continue"|"retry"

---@class llmspell.WorkflowOptions
---@field name? string
---@field steps llmspell.Step[]
---@field error_strategy? "fail_fast"|"continue"|"retry"

---@class llmspell.ParallelOptions: llmspell.WorkflowOptions
---@field max_concurrency? integer

---@class llmspell.Branch
---@field name? string
---@field when fun(ctx: llmspell.StepContext): any
---@field steps llmspell.Step[]

---@class llmspell.ConditionalOptions
---@field name? string
---@field branches llmspell.Branch[]
---@field otherwise? llmspell.Step[]
---@field error_strategy? "fail_fast"|"continue"|"retry"

---Has exactly one of over, range and while_.
---@class llmspell.LoopOptions: llmspell.WorkflowOptions
---@field over? any[]|fun(ctx: llmspell.StepContext): any[]
---@field range? table { from, to, step }
---@field while_? fun(ctx: llmspell.StepContext): any
---@field max_iterations? integer

---@class llmspell.StepResult
---@field name string
---@field type "agent"|"tool"|"workflow"|"run"
---@field ok boolean
---@field attempts integer
---@field duration_ms number
---@field output any
---@field error any
---@field result any the agent's or the workflow's whole result
---@field skipped? boolean it did not begin
---@field iteration? integer of a loop

---@class llmspell.WorkflowResult
---@field name string
---@field success boolean
---@field output any the last one
---@field outputs table<string, any> by step
---@field steps llmspell.StepResult[]
---@field error any
---@field failed_step? string
---@field branch? string of a conditional workflow
---@field iterations? integer of a loop
---@field duration_ms number
---@field text? string of a workflow that was built, as the following: one line on how it ended
---@field status? "completed"|"failed"
---@field execution_id? string
---@field workflow_type? string
---@field metadata? { execution_time_ms: integer, extra: { execution_id: string, agent_outputs: table<string, any> } }

---@class llmspell.Workflow
---@field name string
---@field id? string of a workflow that was built: its name
---@field type? "sequential"|"parallel"|"conditional"|"loop" of a workflow that was built
---@field description? string of a workflow that was built
local workflow = {}

---A failing step raises no error; the result says so.
---@param given? any { input = value }, or a value that is no table
---@return llmspell.WorkflowResult
function workflow:execute(given) end

---@class llmspell.WorkflowModule
Workflow = {}

---@param options llmspell.WorkflowOptions
---@return llmspell.Workflow
function Workflow.sequential(options) end

---@param options llmspell.ParallelOptions
---@return llmspell.Workflow
function Workflow.parallel(options) end

---@param options llmspell.ConditionalOptions
---@return llmspell.Workflow
function Workflow.conditional(options) end

---@param options llmspell.LoopOptions
---@return llmspell.Workflow
function Workflow.loop(options) end

---Collects what the constructors of Workflow take; inputs may have "{{step.NAME.result}}" and "{{input.FIELD}}" in them.
---@return llmspell.WorkflowBuilder
function Workflow.builder() end

---Has `type` ("tool", "agent", "workflow", "custom") and the field of that name; of "custom", `run`.
---@class llmspell.BuilderStep
---@field name? string
---@field type? string
---@field agent? llmspell.Agent|string
---@field tool? llmspell.Tool|string
---@field workflow? llmspell.Workflow
---@field run? fun(ctx: llmspell.StepContext, input: any): any
---@field execute? fun(ctx: llmspell.StepContext, input: any): any the same as run
---@field input? any a value, with templates, or a function of the context
---@field retries? integer
---@field retry_count? integer the same as retries
---@field retry_attempts? integer the same as retries
---@field retry_delay? number seconds
---@field timeout? number seconds, of one attempt
---@field timeout_ms? number milliseconds
---@field error_strategy? "fail_fast"|"continue"|"retry"

---@class llmspell.WorkflowBuilder
local workflow_builder = {}

---@param name string
---@return llmspell.WorkflowBuilder
function workflow_builder:name(name) end

---@param text string
---@return llmspell.WorkflowBuilder
function workflow_builder:description(text) end

---@return llmspell.WorkflowBuilder
function workflow_builder:sequential() end

---@return llmspell.WorkflowBuilder
function workflow_builder:parallel() end

---@return llmspell.WorkflowBuilder
function workflow_builder:conditional() end

---@return llmspell.WorkflowBuilder
function workflow_builder:loop() end

---The same as loop().
---@return llmspell.WorkflowBuilder
function workflow_builder:loop_workflow() end

---In a conditional workflow: a step before the condition.
---@param step llmspell.BuilderStep
---@return llmspell.WorkflowBuilder
function workflow_builder:add_step(step) end

---A function of the context, "always", or a table with a type such as "shared_data_equals".
---@param condition string|table|fun(ctx: llmspell.StepContext): any
---@return llmspell.WorkflowBuilder
function workflow_builder:condition(condition) end

---@param step llmspell.BuilderStep
---@return llmspell.WorkflowBuilder
function workflow_builder:add_then_step(step) end

---@param step llmspell.BuilderStep
---@return llmspell.WorkflowBuilder
function workflow_builder:add_else_step(step) end

---How often a loop runs, where nothing else says so; else how often at most.
---@param count integer
---@return llmspell.WorkflowBuilder
function workflow_builder:max_iterations(count) end

---Go on while it holds.
---@param condition string|table|fun(ctx: llmspell.StepContext): any
---@return llmspell.WorkflowBuilder
function workflow_builder:loop_condition(condition) end

---The same as loop_condition.
---@param condition string|table|fun(ctx: llmspell.StepContext): any
---@return llmspell.WorkflowBuilder
function workflow_builder:with_while(condition) end

---@param range table { start, end, step }; the end is not in it
---@return llmspell.WorkflowBuilder
function workflow_builder:with_range(range) end

---@param list any[]
---@return llmspell.WorkflowBuilder
function workflow_builder:with_collection(list) end

---@param count integer
---@return llmspell.WorkflowBuilder
function workflow_builder:max_concurrency(count) end

---@param strategy "fail_fast"|"continue"|"retry"
---@return llmspell.WorkflowBuilder
function workflow_builder:error_strategy(strategy) end

---Of the whole workflow.
---@param milliseconds number
---@return llmspell.WorkflowBuilder
function workflow_builder:timeout_ms(milliseconds) end

---@return llmspell.Workflow
function workflow_builder:build() end

---The methods from here on are those of a workflow that was built.
---@param key string
---@param value any
function workflow:set_shared_data(key, value) end

---@return { id: string, name: string, type: string, description: string? }
function workflow:get_info() end

---What the step gave in the last execution.
---@param step string
---@return any
function workflow:get_output(step) end

---@return table<string, any>
function workflow:get_all_outputs() end

---@return string[]
function workflow:list_outputs() end

---@return string
function workflow:get_execution_id() end

-- ---- media ----

---What a medium says of itself: of an image the first five, of audio and video what is known of the others.
---@class llmspell.MediaMetadata
---@field width? integer pixels, as shown
---@field height? integer pixels, as shown
---@field color_space? "rgb"|"gray"|"palette"|"cmyk"|"ycbcr"|"lab"|"other"
---@field has_transparency? boolean
---@field dpi? number[] across and down
---@field frames? integer
---@field duration? number seconds
---@field codec? string of audio
---@field sample_rate? integer hertz
---@field channels? integer
---@field bit_depth? integer bits a sample
---@field frame_rate? number frames a second
---@field video_codec? string
---@field audio_codec? string of video

---@class llmspell.Media
---@field type "image"|"audio"|"video"|"text"|"binary"
---@field format "png"|"jpeg"|"webp"|"gif"|"svg"|"tiff"|"mp3"|"wav"|"flac"|"ogg"|"m4a"|"mp4"|"webm"|"avi"|"mov"|"mkv"|"pdf"|"text"|"binary"
---@field mime string
---@field size integer bytes
---@field sha256 string of what was loaded; what is sent has no metadata
---@field filename? string
---@field metadata llmspell.MediaMetadata
local media = {}

---The bytes as a string, which counts as the script's memory. At most 31 MB.
---@return string
function media:bytes() end

---Into a folder that [media] grants for writing.
---@param path string
function media:save(path) end

---@class llmspell.MediaModule
Media = {}

---From a folder that [media] grants.
---@param path_or_url string
---@return llmspell.Media
function Media.load(path_or_url) end

---@class llmspell.MediaOptions
---@field filename? string

---@param bytes string
---@param options? llmspell.MediaOptions
---@return llmspell.Media
function Media.from_bytes(bytes, options) end

---@param text string
---@param options? llmspell.MediaOptions
---@return llmspell.Media
function Media.from_base64(text, options) end

-- ---- data ----

---@class llmspell.JsonOptions
---@field pretty? boolean two spaces of indentation
---@field sort_keys? boolean

---@class llmspell.JSONModule
---@field null lightuserdata what JSON's null is
JSON = {}

---@param text string
---@return any
function JSON.parse(text) end

---@param value any
---@param options? llmspell.JsonOptions
---@return string
function JSON.stringify(value, options) end

---Mark a table as an array, so that it stays one when it is empty.
---@param t? table
---@return table
function JSON.array(t) end

---@class llmspell.StateModule
State = {}

---A copy of what is stored there, or `default`.
---@param key string
---@param default? any
---@return any
function State.get(key, default) end

---Store a copy of plain data; nil deletes.
---@param key string
---@param value any
function State.set(key, value) end

---@param key string
function State.delete(key) end

---All keys, sorted.
---@return string[]
function State.keys() end

-- ---- the run ----

---@class llmspell.RunModule
---@field media llmspell.Media[] the files of --attach
---@field id string
---@field args string[]
Run = {}

---What the run may spend, by name; a limit that is not set is absent.
---@return table<string, number>
function Run.limits() end

---What the run has spent so far, by name; `cost_usd` is absent where the price of a call is not known.
---@return table<string, number>
function Run.usage() end

---@param fraction? number from 0 to 1
---@param message? string
function Run.progress(fraction, message) end

---@class llmspell.LogModule
Log = {}

---@param message any
---@param fields? table<string, any>
function Log.debug(message, fields) end

---@param message any
---@param fields? table<string, any>
function Log.info(message, fields) end

---@param message any
---@param fields? table<string, any>
function Log.warn(message, fields) end

---@param message any
---@param fields? table<string, any>
function Log.error(message, fields) end

---@class llmspell.Provider
---@field name string
---@field kind string
---@field model? string
---@field capabilities llmspell.Capabilities

---@class llmspell.ProviderModule
Provider = {}

---The configured providers.
---@return llmspell.Provider[]
function Provider.list() end

---@param name string
---@return llmspell.Provider?
function Provider.get(name) end

-- ---- spellings of rs-llmspell's scripts, for which the functions above are the primary ones ----

---@deprecated an alias of agent:execute, which takes `prompt` for `text` too
---@param input string|llmspell.Input
---@return llmspell.Output
function agent:invoke(input) end

---@deprecated Agent.create{...}
---@return llmspell.AgentBuilder
function Agent.builder() end

---@deprecated Agent.create{...}; gives the name
---@param options table
---@return string
function Agent.register(options) end

---@class llmspell.AgentBuilder
local agent_builder = {}

---@deprecated Agent.create{...}
---@param name string
---@return llmspell.AgentBuilder
function agent_builder:name(name) end

---@deprecated Agent.create{...}
---@param description string
---@return llmspell.AgentBuilder
function agent_builder:description(description) end

---@deprecated Agent.create{...}
---@param model string
---@return llmspell.AgentBuilder
function agent_builder:model(model) end

---@deprecated Agent.create{...}
---@param provider string
---@return llmspell.AgentBuilder
function agent_builder:provider(provider) end

---@deprecated Agent.create{...}
---@param fallback string[]
---@return llmspell.AgentBuilder
function agent_builder:fallback(fallback) end

---@deprecated Agent.create{...}
---@param prompt string
---@return llmspell.AgentBuilder
function agent_builder:prompt(prompt) end

---@deprecated Agent.create{...}
---@param temperature number
---@return llmspell.AgentBuilder
function agent_builder:temperature(temperature) end

---@deprecated Agent.create{...}
---@param max_tokens integer
---@return llmspell.AgentBuilder
function agent_builder:max_tokens(max_tokens) end

---@deprecated Agent.create{...}
---@param parameters table<string, any>
---@return llmspell.AgentBuilder
function agent_builder:parameters(parameters) end

---@deprecated Agent.create{...}
---@param tool string|llmspell.Tool|llmspell.Agent
---@return llmspell.AgentBuilder
function agent_builder:tool(tool) end

---@deprecated Agent.create{...}
---@param tools (string|llmspell.Tool|llmspell.Agent)[]
---@return llmspell.AgentBuilder
function agent_builder:tools(tools) end

---@deprecated Agent.create{...}
---@param max_turns integer
---@return llmspell.AgentBuilder
function agent_builder:max_turns(max_turns) end

---@deprecated Agent.create{...}
---@param schema table
---@return llmspell.AgentBuilder
function agent_builder:schema(schema) end

---@deprecated Agent.create{...}
---@param transfer_to (string|llmspell.Agent)[]
---@return llmspell.AgentBuilder
function agent_builder:transfer_to(transfer_to) end

---@deprecated Agent.create{...}
---@param system_prompt string
---@return llmspell.AgentBuilder
function agent_builder:system_prompt(system_prompt) end

---@deprecated Agent.create{...}
---@param custom_config table
---@return llmspell.AgentBuilder
function agent_builder:custom_config(custom_config) end

---@deprecated Agent.create{...}
---@param allowed_tools string[]
---@return llmspell.AgentBuilder
function agent_builder:allowed_tools(allowed_tools) end

---@deprecated Agent.create{...}
---@param kind string
---@return llmspell.AgentBuilder
function agent_builder:type(kind) end

---@deprecated Agent.create{...}
---@param resource_limits table
---@return llmspell.AgentBuilder
function agent_builder:resource_limits(resource_limits) end

---@deprecated Agent.create{...}
---@return llmspell.Agent
function agent_builder:build() end

---@deprecated an alias of Tool.execute
---@param name string
---@param args? table<string, any>
---@return any
function Tool.invoke(name, args) end

---@class llmspell.StreamingModule
Streaming = {}

---@deprecated an alias of Stream.create
---@param fn function|thread
---@param ... any its arguments
---@return llmspell.Stream
function Streaming.create(fn, ...) end

---@deprecated an alias of coroutine.yield
---@param ... any
---@return any ...
function Streaming.yield(...) end

---@deprecated State.set("scope:key", value)
---@param scope string
---@param key string
---@param value any
function State.save(scope, key, value) end

---@deprecated State.get("scope:key")
---@param scope string
---@param key string
---@return any
function State.load(scope, key) end

---@deprecated State.keys()
---@param scope string
---@return string[]
function State.list_keys(scope) end

---@class llmspell.ArgumentsAlias
---@deprecated an alias of arg
ARGS = {}

---What `pcall` gives for an error of the host; `tostring` is one line.
---@class llmspell.Error
---@field kind string
---@field message string
---@field retryable boolean
---@field details table<string, any>
---@field hint? string

---@class llmspell.Context
---@field run_id string
---@field script string
---@field args string[]
---@field tools string[] granted to the script
---@field providers string[]

---Read-only.
---@type llmspell.Context
__context = {}

---The script's arguments; arg[0] is its name.
---@type table<integer, string>
arg = {}

-- ---- the parts of Lua's library that the host answers, and no more of them ----

---@class llmspell.os
os = {}

---@param fields? table
---@return integer
function os.time(fields) end

---@param format? string
---@param time? number
---@return string|table
function os.date(format, time) end

---Seconds since the run began.
---@return number
function os.clock() end

---@param later number
---@param earlier number
---@return number
function os.difftime(later, earlier) end

---A variable that the manifest declares under [security] env, or nil.
---@param name string
---@return string?
function os.getenv(name) end

---@class llmspell.Output.File
---@field write fun(self: llmspell.Output.File, ...: string|number): llmspell.Output.File
---@field flush fun(self: llmspell.Output.File): llmspell.Output.File
---@field setvbuf fun(self: llmspell.Output.File, mode: string, size?: integer): boolean

---@class llmspell.Input.File
---@field read fun(self: llmspell.Input.File, ...: string|integer): any ...
---@field lines fun(self: llmspell.Input.File, ...: string|integer): fun(): any ...

---@class llmspell.io
---@field stdout llmspell.Output.File
---@field stderr llmspell.Output.File
---@field stdin llmspell.Input.File
io = {}

---@param ... string|number
---@return llmspell.Output.File
function io.write(...) end

---Of the script's own input: "l" (default), "L", "n", "a" or a count of bytes.
---@param ... string|integer
---@return any ...
function io.read(...) end

---@param name nil there are no files
---@param ... string|integer
---@return fun(): any ...
function io.lines(name, ...) end

---Output is never held back: this does nothing.
---@return llmspell.Output.File
function io.flush() end

---@class llmspell.debug
debug = {}

---@param thread? any
---@param message? any
---@param level? integer
---@return string
function debug.traceback(thread, message, level) end

---@param thread? any
---@param f? any
---@param what? string
---@return table?
function debug.getinfo(thread, f, what) end

---@class llmspell.package
---@field loaded table<string, any>
package = {}

---A module of the folders that the manifest grants under [run] modules.
---@param name string
---@return any
function require(name) end
