'use strict'

// What is said on the command line. Used by every program here.

const { parseArgs } = require('node:util')

/**
 * Reads the options of a program: for each its `help`, its `value` where none is given,
 * and `read`, which makes of the text what the program needs or throws. Ends the process
 * after `--help` and after nonsense.
 */
function readOptions (program, table) {
  const names = Object.keys(table)
  try {
    const { values } = parseArgs({
      options: Object.fromEntries([...names, 'help'].map(name =>
        [name, { type: name === 'help' || table[name].flag ? 'boolean' : 'string' }]))
    })
    if (values.help) quit(0, usage(program, table))
    return Object.fromEntries(names.map(name => [name, readOption(name, table[name], values[name])]))
  } catch (error) {
    return quit(2, `${error.message}\n\n${usage(program, table)}`)
  }
}

/** A number that is not below `least`. */
const number = (least = 0) => text => {
  const value = Number(text)
  if (text.trim() === '' || !(value >= least)) throw new Error(`a number from ${least} is needed, not "${text}"`)
  return value
}

/** Two numbers, the smaller first: `1000-2000`. One number is both. */
function range (text) {
  const [from, to = from] = text.split('-').map(number())
  if (from > to) throw new Error(`the smaller number comes first, not "${text}"`)
  return [from, to]
}

/** Some of the words, with commas between them. */
const some = (...words) => text => text.split(',').map(one(...words))

/** One of the words. */
const one = (...words) => text => {
  if (!words.includes(text)) throw new Error(`one of ${words.join(', ')} is needed, not "${text}"`)
  return text
}

/** Numbers with commas between them. */
const numbers = text => text.split(',').map(number())

module.exports = { number, numbers, one, range, readOptions, some }

function readOption (name, { flag, read = text => text, value }, given) {
  if (flag) return given ?? false
  const text = given ?? value
  if (text === undefined) return undefined
  try {
    return read(text)
  } catch (error) {
    throw new Error(`--${name}: ${error.message}`)
  }
}

function usage (program, table) {
  const lines = Object.entries(table).map(([name, { help, value }]) =>
    `  --${name.padEnd(12)} ${help}${value === undefined ? '' : ` (${value})`}`)
  return [`Options of ${program}:`, ...lines].join('\n')
}

function quit (code, text) {
  (code === 0 ? process.stdout : process.stderr).write(`${text}\n`)
  process.exit(code)
}
