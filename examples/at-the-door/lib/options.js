'use strict'

// What is said on the command line. Used by every program here.

const { parseArgs } = require('node:util')

/**
 * Reads the options of a program: for each its `help`, its `value` where none is given, and `read`,
 * which makes of the text what the program needs or throws. Ends the process after `--help` and
 * after nonsense.
 */
function readOptions (program, table) {
  const names = Object.keys(table)
  const usage = `Options of ${program}:\n${names.map(name => `  --${name.padEnd(12)} ${table[name].help} (${table[name].value})\n`).join('')}`
  try {
    const { values } = parseArgs({
      options: { ...Object.fromEntries(names.map(name => [name, { type: 'string' }])), help: { type: 'boolean' } }
    })
    if (values.help) quit(0, usage)
    return Object.fromEntries(names.map(name => [name, readOption(name, table[name], values[name])]))
  } catch (error) {
    return quit(2, `${error.message}\n\n${usage}`)
  }
}

/** A number that is not below `least`. */
const number = (least = 0) => text => {
  const value = Number(text)
  if (text.trim() === '' || !(value >= least)) throw new Error(`a number from ${least} is needed, not "${text}"`)
  return value
}

/** One of the words. */
const one = (...words) => text => {
  if (!words.includes(text)) throw new Error(`one of ${words.join(', ')} is needed, not "${text}"`)
  return text
}

/** Some of the words, with commas between them. */
const some = (...words) => text => text.split(',').map(one(...words))

module.exports = { number, one, readOptions, some }

function readOption (name, { read = text => text, value }, given = value) {
  try {
    return read(given)
  } catch (error) {
    throw new Error(`--${name}: ${error.message}`)
  }
}

function quit (code, text) {
  (code === 0 ? process.stdout : process.stderr).write(text)
  process.exit(code)
}
