-- What a provider cannot take or give is refused before the call.
-- expect: ok
local function fails(kind, expected, f, ...)
  local ok, e = pcall(f, ...)
  assert(not ok and e.kind == kind and e.message:find(expected, 1, true), tostring(e))
end
local agent = Agent.create { model = "mock" }
local picture = Media.from_bytes("bytes of a picture")
fails("invalid_media", "provider 'scripted' takes text, not binary", agent.execute, agent, { text = "?", media = { picture } })
fails("argument", "provider 'scripted' gives text, not image", agent.execute, agent,
  { text = "?", output_modalities = { "image" } })
assert(agent:execute { text = "?", media = {}, output_modalities = { "text" } }.text)
assert(Run.usage().provider_calls == 1, "nothing was paid for what was refused")
local ok, message = pcall(agent.execute, agent, { text = "?", media = { "picture.png" } })
assert(not ok and message:find("field 'media': item 1: media expected, got string", 1, true), message)
assert(agent:supports_multimodal() == false)
assert(table.concat(agent:supported_media_types(), " ") == "text")
fails("denied", "no folder and no host is granted to media, so '/etc/passwd' is out of reach", Media.load, "/etc/passwd")
fails("denied", "no folder and no host is granted to media, so 'x.png' is out of reach", picture.save, picture, "x.png")
