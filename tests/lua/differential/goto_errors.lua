return { select(2, load('goto nowhere')), select(2, load('::a:: ::a::')), select(2,
  load('goto f local x ::f:: return x')), select(2, load('break')) }
