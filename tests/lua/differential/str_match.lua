return { ('2024-01-31'):match('(%d+)-(%d+)-(%d+)'), { ('  trim  '):match('^%s*(.-)%s*$') }, {
  ('x=1'):match('()=()') }, ('[[nested]]'):match('%[(%b[])%]'),
  ('THE (quick) fox'):match('%((%a+)%)'), ('abc'):match('.-'), ('abc'):match('.-$'),
  ('hello.world'):match('^(.-)%.(.*)$'), ('f(a(b)c)d'):match('%b()'),
  ('THE fox'):match('%f[%a]%a+%f[%A]'), ('aXb'):match('%u'), ('\0a'):match('%z'),
  ('x'):match('[^%w]'), ('a-b'):match('[a%-]+'), (']'):match('[]]'), ('abcabc'):match('(abc)%1') }
