-- The file tools, as a script sees them: what they give, and what it can do about an error.
-- expect: result {"lines": 1, "kinds": ["denied", "denied", "denied", "tool", "tool", "tool"], "reasons": ["not_found", "wrong_type", "arguments"]}
-- manifest: [security]
-- manifest: allowed_tools = ["file_reader", "file_operations", "file_search"]
-- manifest: [tools.file_reader]
-- manifest: roots = [{ path = "../../configs/texts", at = "/library" }]
-- manifest: [tools.file_operations]
-- manifest: roots = [{ path = "../../configs" }]
-- manifest: [tools.file_search]
-- manifest: roots = [{ path = "../../configs" }]
local function files(operation, arguments)
  arguments.operation = operation
  return Tool.execute("file_operations", arguments)
end

local first = Tool.execute("file_reader", { path = "/library/lighthouse.txt", start_line = 1, end_line = 1 })
local _, lines = first:gsub("\n", "")

-- What one tool is granted, the other is not.
assert(files("stat", { path = "texts/lighthouse.txt" }).type == "file")
assert(files("exists", { path = "texts/none.txt" }) == false)
assert(files("glob", { pattern = "**/*.txt" })[1].path == "texts/lighthouse.txt")
local names = {}
for _, entry in ipairs(files("list", {})) do names[entry.name] = entry.type end
assert(names.texts == "folder" and names["summarize.lua"] == "file")

local found = Tool.file_search:execute({ pattern = [[^\[run\]$]], regex = true, glob = "*.toml", context = 1 })
assert(#found.matches > 0 and not found.truncated)
assert(found.matches[1].text == "[run]" and #found.matches[1].after == 1)

local kinds, reasons = {}, {}
local function fails(name, arguments)
  local ok, problem = pcall(Tool.execute, name, arguments)
  assert(not ok, name)
  kinds[#kinds + 1] = problem.kind
  reasons[#reasons + 1] = problem.details.reason
end
fails("file_reader", { path = "texts/lighthouse.txt" })
fails("file_operations", { operation = "read", path = "/library/lighthouse.txt" })
fails("file_operations", { operation = "write", path = "new.txt", content = "" })
fails("file_operations", { operation = "read", path = "none.txt" })
fails("file_operations", { operation = "read", path = "texts" })
fails("file_operations", { operation = "write", path = "new.txt" })
return { lines = lines, kinds = kinds, reasons = reasons }
