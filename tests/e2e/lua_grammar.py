"""Random Lua programs that end, depend on nothing outside, and return a value to compare."""

INTEGERS = ["0", "1", "-1", "2", "3", "7", "10", "255", "1 << 31", "math.maxinteger",
            "math.mininteger"]
FLOATS = ["0.0", "-0.0", "0.5", "-1.5", "3.0", "1e15", "1e16", "2^53", "1e308", "1/0", "-1/0"]
STRINGS = ["''", "'a'", "'abc'", "'10'", "' 3 '", "'0x10'", "'1e1'", "'a b c'", "'ä€'", "'A-b_c'",
           "'x=1, y=22'", "'%d'", "'a\\0b'"]
BINARY = ["+", "-", "*", "/", "//", "%", "^", "..", "==", "~=", "<", "<=", ">", ">=", "and", "or",
          "&", "|", "~", "<<", ">>"]
UNARY = ["-", "not ", "#", "~"]
PATTERNS = ["%a+", "%d", "(%w)(%w)", ".", "%s*", "[^%a]", "a*", "(a-)b", "^%w+", "%w+$", "()",
            "%f[%w]%w", "%b  ", "[a-c]?", "(%d+)%s*$"]
REPLACEMENTS = ["''", "'<%0>'", "'%1'", "'%%'", "string.upper", "{ a = 1, b = false }",
                "function(x) return #tostring(x) end"]
FORMATS = ["%d", "%5d", "%-5d|", "%05.1f", "%.3f", "%g", "%x", "%s", "%10s", "%-4s|", "%q", "%c",
           "%e", "%i", "%+d", "%#o", "%.2s"]
CALLS = ["math.floor({})", "math.type({})", "tostring({})", "tonumber({})", "math.tointeger({})",
         "math.abs({})", "#tostring({})", "type({})", "select('#', {})", "({})", "utf8.len({})",
         "string.len({})", "string.reverse({})", "string.lower({})", "math.ult({}, 5)",
         "rawequal({0}, {0})", "string.byte({})", "string.rep({}, 3, ',')", "string.sub({}, 2, -2)",
         "math.max({}, 1)", "math.fmod({}, 3)", "next({{ {} }})"]


class Grammar:
    def __init__(self, rng):
        self.rng = rng
        self.names = []

    def value(self):
        return self.rng.choice(self.rng.choice([INTEGERS, INTEGERS, FLOATS, STRINGS,
                                                ["nil", "true", "false", "{}", "{ 1, 2 }"]]))

    def expression(self, depth):
        roll = self.rng.random()
        if depth == 0 or roll < .2:
            if self.names and self.rng.random() < .5:
                return self.rng.choice(self.names)
            return f"({self.value()})"
        if roll < .6:
            return (f"({self.expression(depth - 1)} {self.rng.choice(BINARY)} "
                    f"{self.expression(depth - 1)})")
        if roll < .7:
            return f"({self.rng.choice(UNARY)}{self.expression(depth - 1)})"
        return self.rng.choice(CALLS).format(self.expression(depth - 1))

    def attempt(self):
        return f"out[#out + 1] = {{ pcall(function() return {self.expression(3)} end) }}"

    def text(self):
        return self.rng.choice(STRINGS)

    def matching(self):
        p, s = self.rng.choice(PATTERNS), self.text()
        call = self.rng.choice([f"string.find({s}, '{p}')", f"string.match({s}, '{p}')",
                                f"string.gsub({s}, '{p}', {self.rng.choice(REPLACEMENTS)})"])
        return f"out[#out + 1] = {{ pcall(function() return {call} end) }}"

    def formatting(self):
        f = self.rng.choice(FORMATS)
        return f"out[#out + 1] = {{ pcall(string.format, '{f}', {self.value()}) }}"

    def loop(self):
        a, b, c = (self.rng.randint(-5, 12) for _ in range(3))
        name = f"s{len(self.names)}"
        return (f"local {name} = 0\nfor i = {a}, {b}, {c or 1} do\n"
                f"  {name} = {name} + i * {self.rng.randint(-3, 3)}\n"
                f"  if {name} > {self.rng.randint(5, 50)} then break end\nend\n"
                f"out[#out + 1] = {name}")

    def table(self):
        n = self.rng.randint(0, 6)
        lines = [f"local t = {{ {', '.join(str(self.rng.randint(0, 9)) for _ in range(n))} }}"]
        for _ in range(self.rng.randint(1, 5)):
            lines.append(self.rng.choice([
                f"table.insert(t, {self.rng.randint(0, 9)})",
                f"pcall(table.insert, t, {self.rng.randint(0, 8)}, {self.rng.randint(0, 9)})",
                f"out[#out + 1] = {{ pcall(table.remove, t, {self.rng.randint(0, 7)}) }}",
                "table.sort(t)", "table.sort(t, function(a, b) return a > b end)",
                f"table.move(t, 1, #t, {self.rng.randint(1, 4)})",
                f"t[{self.rng.randint(1, 6)}] = t[1]",
                "out[#out + 1] = { #t > 0, (next(t)), select('#', table.unpack(t)) }"]))
        lines.append("out[#out + 1] = { pcall(table.concat, t, ',') }")
        return "do\n  " + "\n  ".join(lines) + "\nend"

    def coroutine(self):
        steps = []
        for _ in range(self.rng.randint(1, 4)):
            steps.append(self.rng.choice([
                f"local x = coroutine.yield({self.expression(1)}) out[#out + 1] = x",
                f"for i = 1, {self.rng.randint(1, 3)} do coroutine.yield(i) end",
                f"local ok, e = pcall(function() coroutine.yield('p') return {self.expression(2)}"
                " end) out[#out + 1] = { ok, e }",
                f"local f = coroutine.wrap(function(a) coroutine.yield(a) return {self.value()}"
                " end) coroutine.yield(f(1)) out[#out + 1] = f()"]))
        body = "\n    ".join(f"do {s} end" for s in steps)
        return (f"do\n  local co = coroutine.create(function()\n    {body}\n    "
                f"return {self.expression(2)}\n  end)\n  for i = 1, {self.rng.randint(1, 9)} do\n"
                "    out[#out + 1] = { coroutine.resume(co, i) }\n  end\n"
                "  out[#out + 1] = { coroutine.status(co), (coroutine.close(co)) }\nend")

    def closing(self):
        end = self.rng.choice(["return 1", f"return {self.expression(2)}", "error('e', 0)",
                               "error({ k = 1 })"])
        return ("do\n  local function c(n) return setmetatable({}, { __close = function(_, e)\n"
                "    out[#out + 1] = n .. type(e) end }) end\n"
                "  out[#out + 1] = { pcall(function()\n    local a <close> = c('a')\n"
                f"    do local b <close> = c('b') end\n    local d <close> = c('d')\n    {end}\n"
                "  end) }\nend")

    def metatable(self):
        op = self.rng.choice(["add", "sub", "concat", "lt", "le", "eq", "idiv", "band", "shl"])
        sign = {"add": "+", "sub": "-", "concat": "..", "lt": "<", "le": "<=", "eq": "==",
                "idiv": "//", "band": "&", "shl": "<<"}[op]
        return ("do\n  local m = setmetatable({}, { __" + op + " = function(a, b)\n"
                "    return type(a) .. type(b) end, __index = function(_, k) return k end })\n"
                f"  out[#out + 1] = {{ pcall(function() return m {sign} {self.value()} end) }}\n"
                f"  out[#out + 1] = {{ pcall(function() return {self.value()} {sign} m end) }}\n"
                f"  out[#out + 1] = m[{self.text()}]\nend")

    def program(self):
        self.names = []
        lines = ["local out = {}"]
        for _ in range(self.rng.randint(5, 12)):
            kind = self.rng.choice([self.attempt, self.attempt, self.attempt, self.matching,
                                    self.formatting, self.loop, self.table, self.coroutine,
                                    self.closing, self.metatable])
            lines.append(kind())
            if kind is self.loop or self.rng.random() < .3:
                self.names.append(f"v{len(lines)}")
                lines.append(f"local {self.names[-1]} = {self.value()}")
        return "\n".join([*lines, "return out"])
