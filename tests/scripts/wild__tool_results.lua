-- rs-llmspell's tools under their names, with their arguments, and with results in the shape that its scripts read.
-- expect: ok
-- manifest: [security]
-- manifest: allowed_tools = ["base64-encoder", "calculator", "csv-analyzer", "data-validator", "datetime-handler", "hash-calculator", "json-processor", "text-manipulator", "uuid-generator"]

local function use(name, params)
  local result = Tool.invoke(name, params)
  assert(result.success == true and type(result.operation) == "string" and type(result.message) == "string", name)
  assert(type(result.text) == "string")
  return result.result, result
end

assert(#use("uuid-generator", { operation = "generate", version = "v4", format = "hyphenated" }).uuid == 36)
assert(#use("uuid_generator", { operation = "generate", format = "simple" }).uuid == 32)
assert(use("uuid-generator", { operation = "component_id", prefix = "tool" }).id:find("^tool_"))
local one = use("uuid-generator", { operation = "deterministic", namespace = "agent", name = "a" }).id
assert(one == use("uuid-generator", { operation = "deterministic", namespace = "agent", name = "a" }).id)
assert(use("uuid-generator", { operation = "validate", uuid = one }).version == "v5")

local encoded = use("base64-encoder", { operation = "encode", input = "Hello LLMSpell" }).output
assert(use("base64-encoder", { operation = "decode", input = encoded }).output == "Hello LLMSpell")
assert(use("base64-encoder", { operation = "encode", input = "fbff", binary_input = true, variant = "url-safe" }).output == "-_8=")

local hash = use("hash-calculator", { operation = "hash", algorithm = "sha256", input = "test data" })
assert(#hash.hash == 64 and hash.algorithm == "SHA-256")
local verified = use("hash-calculator", { operation = "verify", input = "test data", expected_hash = hash.hash })
assert(verified.verified == true)

assert(use("text-manipulator", { operation = "uppercase", input = "hello llmspell" }).result == "HELLO LLMSPELL")
local replaced = use("text-manipulator",
  { operation = "replace", input = "hello world", options = { from = "world", to = "llmspell" } })
assert(replaced.result == "hello llmspell" and replaced.original_length == 11)
assert(use("text-manipulator", { operation = "substring", input = "LLMSpell", options = { start = 0, ["end"] = 3 } }).result == "LLM")
assert(use("text-manipulator", { operation = "split", input = "a,b", options = { delimiter = "," } }).result == '["a", "b"]')
assert(use("text-manipulator", { operation = "truncate", input = "abcdef", options = { max_length = 5 } }).result == "ab...")

assert(use("calculator", { operation = "evaluate", input = "2 + 2 * 3" }).result == 8)
assert(use("calculator", { input = "x^2 + y^2", variables = { x = 3, y = 4 } }).result == 25)
assert(use("calculator", { operation = "validate", expression = "2 +" }).valid == false)
assert(#use("calculator", { operation = "functions" }).mathematical > 5)
assert(Tool.execute("calculator", { expression = "2 + 2 * 3" }) == 8) -- in our own words the value itself

local parsed = use("datetime-handler", { operation = "parse", input = "2024-01-15T10:30:00Z" }).parsed
assert(parsed.year == 2024 and parsed.weekday == "Monday" and parsed.timestamp == 1705314600)
assert(use("datetime-handler", { operation = "now" }).datetime)
local later = use("datetime-handler", { operation = "add", input = "2024-01-15T10:30:00Z", amount = 5, unit = "days" })
assert(later.result:find("2024%-01%-20T10:30:00"))
local there = use("datetime-handler",
  { operation = "convert_timezone", input = "2024-01-15T10:30:00Z", target_timezone = "America/New_York" })
assert(there.converted:find("EST"))
local difference = use("date_time_handler",
  { operation = "difference", start = "2024-01-15T10:30:00Z", ["end"] = "2024-01-20T15:45:00Z" }).difference
assert(difference.days == 5 and difference.human_readable:find("5 days"))

local result, whole = use("json-processor", { operation = "query", input = '{"users":[{"n":1},{"n":2}]}', query = ".users | map(.n) | add" })
assert(result == 3 and whole.text == "3")
local checked = use("json-processor", { operation = "validate", input = { a = "x" }, schema = { properties = { a = { type = "number" } } } })
assert(checked.is_valid == false and checked.errors[1].path == ".a")

local rules = { rules = { { type = "required" }, { type = "type", expected = "object" } } }
assert(use("data-validator", { input = { a = 1 }, rules = rules }).valid == true)
local wrong = use("data_validation", { input = "hi", rules = { rules = { { type = "length", min = 3 }, { type = "email" } } } })
assert(wrong.valid == false and #wrong.errors == 2)

local csv = "name,age\nann,30\nbob,20\n"
assert(use("csv-analyzer", { operation = "analyze", content = csv }).row_count == 2)
assert(use("csv-analyzer", { operation = "filter", content = csv, options = { filter = "age > 25" } }) == "name,age\nann,30\n")
assert(use("csv-analyzer", { operation = "convert", content = csv, options = { format = "json" } })[2].name == "bob")

-- The names work wherever a tool is named: in an agent's tools too.
local agent = Agent.create { name = "a", tools = { "text-manipulator", "hash" } }
assert(agent:execute("hi").text)

local ok, err = pcall(Tool.invoke, "text-manipulator", { operation = "fly", input = "x" })
assert(not ok and err.kind == "tool" and err.message:find("there is no operation 'fly'"))
ok, err = pcall(Tool.invoke, "text-manipulator", { operation = "uppercase" })
assert(not ok and err.message:find("'input' is missing"))
