'use strict'

// Makes a failing program shorter while it goes on failing, and prints it.

const { inspect } = require('node:util')

/** The shortest program found for which `fails(program)` resolves with true. */
async function shorten (program, fails) {
  for (let shorter = await shorterBy(program, fails); shorter; shorter = await shorterBy(program, fails)) program = shorter
  return program
}

/** A program as somebody would write it down. */
function print ({ options, around, steps }) {
  const lines = steps.map(({ do: what, ...details }) => `  ${what} ${inspect(details, { breakLength: Infinity, compact: true })}`)
  return [`  options ${inspect(options)}`, `  around ${inspect(around, { depth: 4 })}`, ...lines].join('\n')
}

module.exports = { print, shorten }

async function shorterBy (program, fails) {
  for (const shorter of candidates(program)) {
    if (await fails(shorter)) return shorter
  }
  return undefined
}

// What is less: fewer steps, in halves first; fewer options; nothing around it.
function * candidates ({ options, around, steps }) {
  for (let length = steps.length >> 1; length > 0; length >>= 1) {
    for (let from = steps.length - length; from >= 0; from -= length) {
      yield { options, around, steps: [...steps.slice(0, from), ...steps.slice(from + length)] }
    }
  }
  for (const name of Object.keys(options)) {
    const { [name]: _, ...fewer } = options
    yield { options: fewer, around, steps }
  }
  for (const [name, plain] of Object.entries(PLAIN)) {
    if (around[name] !== plain && around[name].length !== 0) {
      yield { options, around: { ...around, [name]: plain }, steps }
    }
  }
  for (const meddler of around.meddling) {
    yield { options, around: { ...around, meddling: around.meddling.filter(other => other !== meddler) }, steps }
  }
}

const PLAIN = { snapshots: false, filter: 'none', fallback: 'none', meddling: [] }
