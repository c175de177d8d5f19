-- The signed echo in nginx's Lua module (LuaJIT), the way its users write it: parameters
-- decoded, sorted and signed, the signature compared in constant time, TwiML escaped.
-- luacheck: globals ngx
local TOKEN, BASE = "@TOKEN@", "https://sms.example.com"
local ngx, bit, sort, concat, gsub = ngx, require "bit", table.sort, table.concat, string.gsub
local pairs, type = pairs, type
local ESCAPED = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }
local HEAD = '<?xml version="1.0" encoding="UTF-8"?><Response><Message>Got your message: '
local M = {}

local function equal(a, b)
  if #a ~= #b then return false end
  local r = 0
  for i = 1, #a do r = bit.bor(r, bit.bxor(a:byte(i), b:byte(i))) end
  return r == 0
end

local function signature(args)
  local keys, n = {}, 0
  for k in pairs(args) do n = n + 1; keys[n] = k end
  sort(keys)
  local buf, m = { BASE, ngx.var.uri }, 2
  for i = 1, n do
    local k = keys[i]
    local v = args[k]
    if type(v) == "table" then
      for j = 1, #v do buf[m + 1] = k; buf[m + 2] = v[j] == true and "" or v[j]; m = m + 2 end
    else
      buf[m + 1] = k; buf[m + 2] = v == true and "" or v; m = m + 2
    end
  end
  return ngx.encode_base64(ngx.hmac_sha1(TOKEN, concat(buf)))
end

function M.handle()
  ngx.req.read_body()
  local args = ngx.decode_args(ngx.req.get_body_data() or "", 0)
  if not equal(signature(args), ngx.var.http_x_twilio_signature or "") then
    ngx.status = 403
    ngx.print("Forbidden")
    return
  end
  local out = HEAD .. gsub(args.Body, "[&<>]", ESCAPED) .. "</Message></Response>"
  ngx.header["Content-Type"] = "text/xml"
  ngx.header["Content-Length"] = #out
  ngx.print(out)
end

return M
