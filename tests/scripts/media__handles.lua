-- A medium is a handle: its bytes stay on the host until they are asked for.
-- expect: ok
local function fails(expected, f, ...)
  local ok, message = pcall(f, ...)
  message = tostring(message)
  assert(not ok and message:find(expected, 1, true), message .. " / " .. expected)
end
local hello = Media.from_bytes("hello", { filename = "hello.txt" })
assert(hello.size == 5 and hello.type == "text" and hello.format == "text")
assert(hello.mime == "text/plain" and hello.filename == "hello.txt")
assert(hello.sha256 == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
assert(hello:bytes() == "hello" and tostring(hello) == "media text/plain, 5 bytes")
assert(hello == Media.from_base64("aGVs\nbG8="), "the same content is the same medium")
assert(hello ~= Media.from_bytes("other"))
local binary = ("\0\xff\xfe"):rep(1000)
assert(Media.from_bytes(binary):bytes() == binary and Media.from_bytes(""):bytes() == "")

fails("bad argument #1 to 'Media.from_bytes' (string expected, got table)", Media.from_bytes, {})
fails("unknown field 'filname'; did you mean 'filename'?", Media.from_bytes, "x", { filname = "y" })
fails("Media.from_base64: this is not base64", Media.from_base64, "not base64!")
fails("field 'filename': text of at most 255 characters", Media.from_bytes, "x", { filename = ("x"):rep(300) })
fails("call 'bytes' with ':'", hello.bytes)

local other = Media.from_bytes("hello", { filename = "../b\27[31m.txt" })
assert(other == hello and other.filename == "b_[31m.txt", "the same content under another name")
assert(Media.from_bytes("a,b", { filename = "data.csv" }).type == "text")

fails("Media.from_bytes: 'a.png' is text, and its name ends in .png, which is a PNG", Media.from_bytes, "hi",
  { filename = "a.png" })
fails("this is a PNG that is broken: it is cut off", Media.from_bytes, "\x89PNG\r\n\26\n")

fails("Media: no folder is granted, so '/etc/passwd' is out of reach", Media.load, "/etc/passwd")
fails("Media: no folder is granted, so 'x.txt' is out of reach", hello.save, hello, "x.txt")
fails("Media.load: no host is granted", Media.load, "https://example.com/a.png")
assert(#Run.media == 0)
