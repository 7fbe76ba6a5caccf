-- A chain of steps in the words of those scripts: what a template names, and what its result tells.
-- expect: output Workflow 'brew' completed successfully
-- expect: output [DRAFT: a note on tea]
-- expect: output (polish [DRAFT: a note on tea] for cooks)
-- expect: output 41 letters in round 3 {{unknown}}
-- expect: output brew-1	sequential	completed	true
-- expect: output (polish [DRAFT: a note on tea] for cooks)
-- expect: output draft,note,polish,size
-- manifest: [providers.scripted]
-- manifest: kind = "scripted"
-- manifest: replies = [{ match = "polish", text = "({input})" }, { text = "[{input}]" }]
Tool.define({ name = "letter-count", run = function(params)
  assert(params.options.round == 3 and params.options.list[1] == "for cooks")
  return { count = #params.input }
end })
Tool.define({ name = "note_maker", run = function(params) return params.input end })
local stamp = os.time()
local writer = Agent.builder():name("writer_" .. stamp):model("mock"):build()
local polisher = Agent.builder():name("polisher_" .. stamp):model("mock"):build()
local flow = Workflow.builder()
  :name("brew")
  :description("From a topic to a note")
  :sequential()
  :error_strategy("fail_fast")
  :timeout_ms(60000)
  :add_step({
    name = "draft",
    type = "agent",
    agent = writer and ("writer_" .. stamp) or nil,
    input = "DRAFT: {{input.topic}}",
  })
  :add_step({
    name = "polish",
    type = "agent",
    agent = polisher,
    input = "polish {{draft}} {{audience}}",
    retry_count = 1,
    timeout_ms = 30000,
  })
  :add_step({
    name = "size",
    type = "tool",
    tool = "letter-count",
    input = { input = "{{step.polish.result}}", options = { round = "{{input.round}}", list = { "{{audience}}" } } },
  })
  :add_step({
    name = "note",
    type = "tool",
    tool = "note_maker",
    input = { input = "{{step:size:output.count}} letters in round {{round}} {{unknown}}" },
  })
  :build()
assert(flow.name == "brew" and flow.type == "sequential" and flow.id == "brew")
local info = flow:get_info()
assert(info.type == "sequential" and info.description == "From a topic to a note")
assert(not pcall(flow.get_output, flow, "draft"))

local ok, result = pcall(function()
  return flow:execute({ topic = "a note on tea", audience = "for cooks", round = 3 })
end)
assert(ok, tostring(result))
print(result.text)
print(flow:get_output("draft"))
print(result.outputs.polish)
print(flow:get_all_outputs().note)
print(result.execution_id, result.workflow_type, result.status, result.success)
print(result.metadata.extra.agent_outputs["polisher_" .. stamp])
print(table.concat(flow:list_outputs(), ","))
assert(string.format("%dms", result._metadata.execution_time_ms) and result.metadata.execution_time_ms >= 0)
assert(result.metadata.extra.execution_id == flow:get_execution_id())
assert(#result.steps == 4 and result.steps[1].name == "draft" and result.steps[3].type == "tool")
