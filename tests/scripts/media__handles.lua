-- A medium is a handle: its bytes stay on the host until they are asked for.
-- expect: ok
local function fails(expected, f, ...)
  local ok, message = pcall(f, ...)
  message = tostring(message)
  assert(not ok and message:find(expected, 1, true), message .. " / " .. expected)
end
local hello = Media.from_bytes("hello", { filename = "hello.txt" })
assert(hello.size == 5 and hello.type == "binary" and hello.format == "binary")
assert(hello.mime == "application/octet-stream" and hello.filename == "hello.txt")
assert(hello.sha256 == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
assert(hello:bytes() == "hello" and tostring(hello) == "media application/octet-stream, 5 bytes")
assert(hello == Media.from_base64("aGVs\nbG8="), "the same content is the same medium")
assert(hello ~= Media.from_bytes("other"))
local binary = ("\0\xff\xfe"):rep(1000)
assert(Media.from_bytes(binary):bytes() == binary and Media.from_bytes(""):bytes() == "")

fails("bad argument #1 to 'Media.from_bytes' (string expected, got table)", Media.from_bytes, {})
fails("unknown field 'filname'; did you mean 'filename'?", Media.from_bytes, "x", { filname = "y" })
fails("Media.from_base64: this is not base64", Media.from_base64, "not base64!")
fails("field 'filename': text of at most 255 characters", Media.from_bytes, "x", { filename = ("x"):rep(300) })
fails("call 'bytes' with ':'", hello.bytes)
