#!/usr/bin/env node
'use strict'

const args = process.argv.slice(2)

main()

async function main () {
  const operator = require('../lib/operator/command')
  const error = text => process.stderr.write(text)
  process.exitCode = operator.knows(args[0])
    ? await operator.run(args, { env: process.env, error, input: process.stdin, output: process.stdout })
    : require('../lib/doctor/command').run(args, { error, out: text => process.stdout.write(text) })
}
