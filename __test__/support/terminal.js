'use strict'

// Loaded before a program: its output is taken for a terminal, of whatever kind it is.

process.stdout.isTTY = true
process.stdout.columns = 80
process.stdout.rows = 24
