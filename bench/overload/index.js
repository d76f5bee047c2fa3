'use strict'

// Policies in front of a backend in another process, which sleeps and does not burn:
//
//   npm run overload                the long form, about seven minutes each for what follows
//   npm run overload -- --load flood    twice what the backend can do, a brownout; or
//   npm run overload -- --load shift    latencies that shift, an outage, a loop that stalls
//     --quick        shorter phases, fewer guards, both loads at the same time: under a minute
//     --check        ends with 1 where a claim does not hold
//     --guards a,b   only these (see guards.js); --at-once n: so many at the same time, or all
//     --json file    keeps what was found; --from file shows it again, and asks nobody
//     --docs         writes docs/overload.md, its pictures and that of README

const { existsSync, readFileSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { parseArgs } = require('node:util')
const { hostLine } = require('../pressure/print')
const { pictures } = require('./chart')
const { claimsOf } = require('./claims')
const { GUARDS } = require('./guards')
const { LOADS, shortened } = require('./loads')
const print = require('./print')
const { runLoad } = require('./run')

const DOCS = join(__dirname, '../../docs')
const QUICK = {
  flood: { seconds: [8, 18, 6, 8, 8], names: ['none', 'opossum', 'adaptive'] },
  shift: { seconds: [12, 12, 12, 8, 8], names: ['learned', 'stalled'] }
}

main(parseArgs({
  options: {
    'at-once': { type: 'string' },
    check: { type: 'boolean' },
    docs: { type: 'boolean' },
    from: { type: 'string' },
    guards: { type: 'string' },
    json: { type: 'string' },
    load: { type: 'string' },
    quick: { type: 'boolean' },
    seed: { type: 'string', default: '1' }
  }
}).values)

async function main (flags) {
  const { host, runs } = flags.from ? JSON.parse(readFileSync(flags.from, 'utf8')) : { host: hostLine(), runs: await runAll(flags) }
  console.log(host)
  if (flags.from) runs.forEach(run => tell(run, flags))
  if (flags.docs) writeDocs(runs, host)
}

/** Each run is told as it ends: the next takes minutes. */
async function runAll (flags) {
  const wanted = Object.keys(LOADS).filter(of => [undefined, of].includes(flags.load))
  const runs = []
  const go = async of => {
    runs.push(await runOne(of, flags))
    tell(runs.at(-1), flags)
    if (flags.json) writeFileSync(flags.json, JSON.stringify({ host: hostLine(), runs }))
  }
  if (flags.quick) await Promise.all(wanted.map(go))
  else for (const of of wanted) await go(of)
  return runs
}

function tell (run, { check, quick }) {
  const claims = claimsOf(run, { short: quick })
  console.log([print.text(run), print.claims(claims), ''].join('\n'))
  if (check && !claims.every(({ holds }) => holds)) process.exitCode = 1
}

function runOne (of, { 'at-once': atOnce, guards, quick, seed }) {
  const known = Object.keys(GUARDS[of])
  const wanted = guards?.split(',') ?? (quick ? QUICK[of].names : known)
  const names = known.filter(name => wanted.includes(name))
  const load = quick ? shortened(LOADS[of], QUICK[of].seconds) : LOADS[of]
  return runLoad(of, load, { atOnce: Number(atOnce ?? names.length), names, seed: Number(seed) })
}

function writeDocs (runs, host) {
  const page = join(DOCS, 'overload.md')
  let text = existsSync(page) ? readFileSync(page, 'utf8') : ''
  for (const run of runs) {
    const mark = name => `<!-- ${name}${run.of} -->`
    const [before, rest] = text.split(mark(''))
    const [, after] = rest.split(mark('/'))
    text = `${before}${mark('')}\n\n${print.markdown(run)}\n${host}.\n\n${mark('/')}${after}`
    for (const [file, svg] of Object.entries(pictures(run))) writeFileSync(join(DOCS, file), svg)
  }
  writeFileSync(page, text)
}
