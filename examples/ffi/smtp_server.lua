#!/usr/bin/luajit
-- An SMTP server session on standard input and output, by LuaJIT's FFI from the public headers: polled.
-- usage: smtp_server.lua LIBRARY INCLUDE-FOLDER >REPLIES <COMMANDS     (try: swaks --pipe "smtp_server.lua ...")
-- Messages that arrive are shown on standard error.
local ffi = require("ffi")

if #arg ~= 2 then
    io.stderr:write("usage: smtp_server.lua LIBRARY INCLUDE-FOLDER >REPLIES <COMMANDS\n")
    os.exit(2)
end

-- the headers as LuaJIT reads them: preprocessed, without what they include
local function declarations(folder)
    local files = folder .. "/mailproto/" .. table.concat({ "base.h", "session.h", "crypto.h", "sasl.h", "smtp.h", "smtp_server.h" },
        " " .. folder .. "/mailproto/")
    local pipe = assert(io.popen("cat " .. files .. " | grep -v '^#include' | cc -E -P -DMAILPROTO_API= -"))
    local text = pipe:read("*a")
    pipe:close()
    return text
end

ffi.cdef(declarations(arg[2]))
local lib = ffi.load(arg[1])

local function text(of)
    return ffi.string(of.ptr, of.len)
end

-- what the host decides: every recipient and message is welcome, the rest is as documented
local function handle(server, session, event)
    local token = event.token
    if event.type == lib.MAILPROTO_SMTP_SERVER_BODY then
        io.stderr:write(text(ffi.cast("const mailproto_smtp_body *", event).bytes))
    elseif event.type == lib.MAILPROTO_SMTP_SERVER_RCPT then
        lib.mailproto_smtp_server_accept(server, token)
    elseif event.type == lib.MAILPROTO_SMTP_SERVER_MESSAGE_END then
        lib.mailproto_smtp_server_reply(server, token, 250, "2.0.0", 5, "shown", 5)
    elseif token ~= 0 then
        lib.mailproto_session_use_default(session, token)
    end
end

local hostname = "mx.example.test"
local config = ffi.new("mailproto_smtp_server_config", { struct_size = ffi.sizeof("mailproto_smtp_server_config") })
config.hostname.ptr, config.hostname.len = hostname, #hostname
local out = ffi.new("mailproto_smtp_server *[1]")
assert(lib.mailproto_smtp_server_new(out, config, nil, nil, nil, nil) == 0, "no session")
local server = out[0]
local session = lib.mailproto_smtp_server_session(server)

local buffer, length, consumed = ffi.new("char[4096]"), ffi.new("size_t[1]"), ffi.new("size_t[1]")
local received, ended = "", false

local function now()
    return math.floor(os.time() * 1000)
end

local function poll()
    local event = lib.mailproto_session_next_event(session)
    while event ~= nil do
        handle(server, session, event)
        event = lib.mailproto_session_next_event(session)
    end
end

while bit.band(lib.mailproto_session_wants(session), lib.MAILPROTO_WANTS_CLOSE) == 0 do
    if lib.mailproto_session_deadline(session) <= now() then
        lib.mailproto_session_tick(session, now())
        poll()
    end
    lib.mailproto_session_read_output(session, buffer, 4096, length)
    poll()
    if length[0] > 0 then
        io.stdout:write(ffi.string(buffer, length[0]))
        io.stdout:flush()
    elseif #received > 0 then
        lib.mailproto_session_feed(session, received, #received, now(), consumed)
        poll() -- `received` stays as it is until there is no more event
        received = received:sub(tonumber(consumed[0]) + 1)
    elseif bit.band(lib.mailproto_session_wants(session), lib.MAILPROTO_WANTS_READ) ~= 0 and not ended then
        received = io.stdin:read("*L") or ""
        ended = received == ""
        if ended then
            lib.mailproto_session_eof(session, now())
            poll()
        end
    end
end
lib.mailproto_session_free(session)
