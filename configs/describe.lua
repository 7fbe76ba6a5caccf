-- describe.lua: describes the image that is attached, or else one of the folder that the manifest grants.
--   llmspell run configs/describe.toml --attach photo.jpg
local picture = Run.media[1] or Media.load(arg[1] or "lighthouse.jpg")
if picture.type ~= "image" then error(("'%s' is no image: %s"):format(picture.filename, picture.mime), 0) end

local seen = picture.metadata
Log.info(("%s: %d x %d, %d bytes"):format(picture.filename, seen.width, seen.height, picture.size))

local eyes = Agent.get("eyes")
for chunk in eyes:stream_execute { text = "What is in this picture?", media = { picture } } do
  if chunk.content.text then io.write(chunk.content.text) end
end
print()
