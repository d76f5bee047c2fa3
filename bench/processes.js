'use strict'

// Has everything measured, each case in a process of its own: what V8 learned in one must
// not show in the next. Used by the program.

const { fork } = require('node:child_process')
const { join } = require('node:path')
const apart = require('./apart')
const cases = require('./cases')
const { contestants } = require('./contestants')
const { compared } = require('./ratios')

const GROUPS = [...Object.keys(cases), ...Object.keys(apart)]

/** The rows of a group: what each contestant measured. */
async function measure (group, { quick, onCase }) {
  if (cases[group]) return sideBySide(group, { quick, onCase })
  return quick && apart[group].thorough ? [] : oneByOne(group, { quick, onCase })
}

module.exports = { GROUPS, measure }

async function sideBySide (group, { quick, onCase }) {
  const rows = []
  for (const { id, sizes, thorough } of cases[group]) {
    if (quick && thorough) continue
    onCase(`${group}/${id}`)
    for (const { size, ...row } of await ask({ group, id, quick })) {
      rows.push({ id: sizes ? `${group}/${id}/${size}` : `${group}/${id}`, group, unit: 'nanos', ...row })
    }
  }
  return rows
}

async function oneByOne (group, { quick, onCase }) {
  const { flags, rounds, rows, takesPart } = apart[group]
  const present = (await contestants({ quick })).filter(takesPart)
  const found = new Map(present.map(({ name }) => [name, []]))
  for (let round = 0; round < (quick ? 1 : rounds); round++) {
    for (const { name } of present) {
      onCase(`${group} of ${name}`)
      found.get(name).push(await ask({ group, contestant: name, quick }, flags))
    }
  }
  return Object.entries(rows).flatMap(([key, { what, unit }]) => {
    const entrants = [...found].filter(([, [values]]) => values)
    return compared(entrants.map(([name, rounds]) => ({ name, what, values: rounds.map(values => values[key]) })))
      .map(row => ({ id: `${group}/${key}`, group, unit, what: row.what, by: row.by }))
  })
}

// Of an abort signal that cockatiel shares among calls.
const FLAGS = ['--expose-gc', '--disable-warning=MaxListenersExceededWarning']

function ask (question, flags = []) {
  const child = fork(join(__dirname, 'child.js'), { execArgv: [...FLAGS, ...flags] })
  return new Promise((resolve, reject) => {
    let found
    child.on('message', message => { found = message })
    child.on('exit', (code, signal) => {
      if (code === 0) resolve(found)
      else reject(new Error(`${JSON.stringify(question)} ended with ${code ?? signal}`))
    })
    child.send(question)
  })
}
