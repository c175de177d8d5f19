return { type(io), type(os.execute), type(os.getenv), type(debug.sethook), type(package),
  type(dofile) }
