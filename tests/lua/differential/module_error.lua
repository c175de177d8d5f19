return { pcall(require, 'no.such.module') }
