local function f() error('lvl1') end
local function g() error('lvl2', 2) end
local function h() g() end
return { pcall(f), pcall(h), pcall(function() error('zero', 0) end), pcall(function() error({}, 2)
  end) ~= nil }
