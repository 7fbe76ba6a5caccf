-- The seed's own coroutine over a stream (section 1.5), with the functions that it leaves open.
-- expect: ok
local texts, progress = {}, 0
function process_text_chunk(text) texts[#texts + 1] = text end
function update_tool_progress() progress = progress + 1 end

function stream_agent_execution(agent, input)
    return coroutine.create(function()
        local stream = agent:stream_execute(input)

        while true do
            local chunk = stream:next()
            if not chunk then break end

            -- Yield each chunk to caller
            coroutine.yield(chunk)

            -- Process chunk
            if chunk.content.type == "text" then
                process_text_chunk(chunk.content.text)
            elseif chunk.content.type == "tool_call_progress" then
                update_tool_progress(chunk.content.tool_id)
            end
        end
    end)
end

local co = stream_agent_execution(Agent.create { model = "mock" }, { text = "Hello, stream!" })
local chunks = 0
while true do
  local ok, chunk = coroutine.resume(co)
  assert(ok, chunk)
  if coroutine.status(co) == "dead" then break end
  assert(chunk.chunk_index == chunks)
  chunks = chunks + 1
end
assert(chunks == #texts + 2 and #texts > 3 and progress == 0)
assert(table.concat(texts):find("Hello, stream!", 1, true))
