-- Each tool is called by its name with a table; what it takes, `llmspell tools configs/tools.toml` says.
local text = Tool.execute("file_reader", { path = "lighthouse.txt" })

local measured = Tool.execute("readability", { text = text })
print(("%d words in %d sentences"):format(measured.words, measured.sentences))

local found = Tool.execute("text", { operation = "find", input = text, pattern = [[\w+house]], limit = 2 })
for _, match in ipairs(found) do print("at " .. match.start .. ": " .. match.text) end

local sales = "region,amount\nnorth,120\nsouth,80\nnorth,40\n"
local by_region = Tool.execute("csv", {
  text = sales, group_by = { "region" }, aggregate = { { column = "amount", ["function"] = "sum" } },
})
for _, row in ipairs(by_region.rows) do print(row.region, row.sum_amount) end

print(Tool.execute("calculator", { expression = "(120 + 40) / 240 * 100" }) .. " percent in the north")
print(Tool.execute("json_query", { query = "[.[] | .n] | add", data = { { n = 1 }, { n = 2 } } }).results[1])
print(Tool.execute("shell", { argv = { "echo", "no shell sees $HOME; nothing is interpreted" } }).stdout)

-- What is not granted does not exist.
local ok, err = pcall(Tool.execute, "shell", { command = "rm -rf /" })
print(ok, err.kind)
