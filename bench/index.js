'use strict'

// didelphis beside its peers, beside an unguarded call and beside the least that crossing
// into native code costs:
//
//   npm run bench -- [group ...] [--quick] [--json | --markdown] [--check [--targets]] [--state]
//
// `--check` fails where ours is slower, by its peer, than three quarters of what is stated in
// docs/performance.md, or misses a target that is held to always; with `--targets` where it
// misses any.
// `--state` writes the table there, and what later checks hold to.

const { parseArgs } = require('node:util')
const { buildFloor } = require('./floor')
const print = require('./print')
const { GROUPS, measure } = require('./processes')
const { tooSlow, writeStated } = require('./stated')
const { judged } = require('./targets')

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    check: { type: 'boolean' },
    json: { type: 'boolean' },
    markdown: { type: 'boolean' },
    quick: { type: 'boolean' },
    state: { type: 'boolean' },
    targets: { type: 'boolean' }
  }
})

main(positionals, values)

async function main (groups, { check, json, markdown, quick, state, targets }) {
  const unknown = groups.filter(group => !GROUPS.includes(group))
  if (unknown.length > 0) throw new Error(`no such group: ${unknown.join(', ')}. There are: ${GROUPS.join(', ')}`)
  buildFloor()
  const onCase = name => { if (process.stderr.isTTY) console.error(`${name} ...`) }
  const rows = []
  for (const group of groups.length > 0 ? groups : GROUPS) {
    const found = await measure(group, { quick, onCase })
    rows.push(...found)
    if (found.length > 0 && !json && !markdown) console.log(`${print.plain(found)}\n`)
  }
  const judgements = judged(rows)
  if (json) console.log(print.json(rows, judgements))
  else if (markdown) console.log(`${print.markdown(rows)}\n\n${print.hostLine()}`)
  else console.log(`${print.targets(judgements)}\n\n${print.hostLine()}`)

  if (state) writeStated(rows)
  const missed = judgements.filter(({ always, met }) => !met && (always || targets)).map(({ what, target, measured }) => `${what}: ${measured}, not ${target}`)
  for (const message of [...check ? tooSlow(rows) : [], ...check ? missed : []]) {
    console.error(message)
    process.exitCode = 1
  }
}
