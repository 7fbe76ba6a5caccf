-- What a provider cannot take or give is refused before the call.
-- expect: ok
-- manifest: [providers.scripted.capabilities]
-- manifest: input_modalities = ["text"]
-- manifest: max_media_size = { text = "10B" }
local function fails(kind, expected, f, ...)
  local ok, e = pcall(f, ...)
  assert(not ok and e.kind == kind and e.message:find(expected, 1, true), tostring(e))
end
local agent = Agent.create { model = "mock" }
local picture = Media.from_base64("AAECAwQFBgc=")
local page = Media.from_bytes("eleven byte", { filename = "page.txt" })
fails("invalid_media", "provider 'scripted' takes text, not binary", agent.execute, agent, { text = "?", media = { picture } })
fails("invalid_media", "takes text of at most 10 bytes, and 'page.txt' has 11 bytes", agent.execute, agent,
  { text = "?", media = { page } })
fails("argument", "provider 'scripted' gives text, not image", agent.execute, agent,
  { text = "?", output_modalities = { "image" } })
assert(agent:execute { text = "?", media = {}, output_modalities = { "text" } }.text)
assert(Run.usage().provider_calls == 1, "nothing was paid for what was refused")
local ok, message = pcall(agent.execute, agent, { text = "?", media = { "picture.png" } })
assert(not ok and message:find("field 'media': item 1: media expected, got string", 1, true), message)
assert(agent:supports_multimodal() == false)
assert(table.concat(agent:supported_media_types(), " ") == "text")
