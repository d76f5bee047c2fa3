#!/usr/bin/env node
'use strict'

const { run } = require('../lib/doctor/command')

process.exitCode = run(process.argv.slice(2), {
  out: text => process.stdout.write(text),
  error: text => process.stderr.write(text)
})
