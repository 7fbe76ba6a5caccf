-- summarize.lua: summarises a text of any length: its parts in parallel, then the whole from the parts, streamed.
--   llmspell run configs/summarize.toml -- NAME     a file of the folder that the manifest grants (configs/texts)
--   llmspell run configs/summarize.toml -- -        standard input

local PART = 2000 -- characters a part: a page or two, and far below any model's context
local name = arg[1] or "-"

local text
if name == "-" then
  text = io.read("a")
else
  text = Tool.execute("file_reader", { path = name })
end

-- Whole paragraphs together, as many as fit; one that is longer than a part is cut at spaces.
local function split(s)
  local parts, current = {}, ""
  local function add(piece)
    if current ~= "" and #current + #piece + 2 > PART then
      parts[#parts + 1], current = current, ""
    end
    current = current == "" and piece or current .. "\n\n" .. piece
  end
  for paragraph in (s .. "\n\n"):gmatch("(.-)\n%s*\n") do
    while #paragraph > PART do
      local cut = paragraph:sub(1, PART):find("%s%S*$") or PART
      add(paragraph:sub(1, cut))
      paragraph = paragraph:sub(cut + 1)
    end
    if paragraph:find("%S") then add(paragraph) end
  end
  if current ~= "" then parts[#parts + 1] = current end
  return parts
end

local parts = split(text)
if #parts == 0 then error("there is nothing to summarise", 0) end
Log.info(("%d characters in %d parts"):format(#text, #parts))

local reader = Agent.get("reader")
local summaries = Task.map(parts, function(part, i)
  local summary = reader:execute("Summarise this part in two sentences:\n\n" .. part).text
  Run.progress(i / #parts, "part " .. i .. " done")
  return ("Part %d: %s"):format(i, summary)
end, { concurrency = 4 })

local writer = Agent.get("writer")
for chunk in writer:stream_execute("Write one summary of the whole from these:\n\n" .. table.concat(summaries, "\n\n")) do
  if chunk.content.text then io.write(chunk.content.text) end
end
print()
