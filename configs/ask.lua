-- ask.lua: asks about the PDF that is attached, or else one of the folder that the manifest grants.
--   llmspell run configs/ask.toml --attach contract.pdf -- "Who may end it?"
local question = arg[1] or "What is to be paid, and until when?"
local document = Run.media[1] or Media.load("invoice.pdf")
if document.format ~= "pdf" then error(("'%s' is no PDF: %s"):format(document.filename, document.mime), 0) end

print(Agent.get("reader"):execute { text = question, media = { document } }.text)
