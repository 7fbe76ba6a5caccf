-- transcribe.lua: writes down the recordings that are attached, or else one of the folder that the manifest grants.
--   llmspell run configs/transcribe.toml --attach one.mp3 --attach two.wav
local recordings = #Run.media > 0 and Run.media or { Media.load(arg[1] or "tone.wav") }

local ears = Agent.get("ears")
local texts = Task.map(recordings, function(recording)
  if recording.type ~= "audio" then error(("'%s' is no sound: %s"):format(recording.filename, recording.mime), 0) end
  Log.info(("%s: %s, %.1f seconds"):format(recording.filename, recording.metadata.codec, recording.metadata.duration))
  return ears:execute { text = "Write this down.", media = { recording } }.text
end, { concurrency = 4 })

for i, text in ipairs(texts) do print(recordings[i].filename .. ": " .. text) end
