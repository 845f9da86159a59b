-- Reads the public headers with LuaJIT's FFI and finds every function of the library.
-- usage: headers.lua DECLARATIONS SHARED_LIBRARY FUNCTIONS
-- DECLARATIONS: the headers without preprocessor lines. FUNCTIONS: the names expected, one a line.
local ffi = require("ffi")

local function read(path)
    local file = assert(io.open(path, "rb"))
    local text = file:read("*a")
    file:close()
    return text
end

ffi.cdef(read(arg[1]))
local library = ffi.load(arg[2])
local found, absent = 0, {}
for name in read(arg[3]):gmatch("%S+") do
    local ok = pcall(function() return library[name] end)
    if ok then
        found = found + 1
    else
        absent[#absent + 1] = name
    end
end

-- a call each way across the boundary: text out, a struct in
local text = ffi.string(library.mailproto_result_text(-3))
assert(#text > 0, "mailproto_result_text answers nothing")
local memory = ffi.new("uint8_t[4096]")
local arena = ffi.new("mailproto_allocator")
assert(library.mailproto_arena_init(arena, memory, 4096) == 0, "mailproto_arena_init failed")
assert(arena.struct_size == ffi.sizeof("mailproto_allocator"), "struct sizes differ")

if #absent > 0 then
    io.stderr:write("not in the library: ", table.concat(absent, " "), "\n")
    os.exit(1)
end
print(found .. " functions")
