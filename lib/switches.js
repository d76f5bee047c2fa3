'use strict'

// The options that are switches. Programs take them from the environment, where they are words,
// and from databases, where a state may have become one. Used wherever a switch is read.

const builtins = require('./builtins')
const { warnOnce } = require('./warnings')

// What opossum takes each value for.
const unlessFalse = value => value !== false
const onlyTrue = value => value === true
const SWITCHES = {
  allowWarmUp: onlyTrue,
  autoRenewAbortController: Boolean,
  cache: Boolean,
  coalesce: Boolean,
  enabled: unlessFalse,
  enableSnapshots: unlessFalse,
  metricsOnly: Boolean,
  resetWindowOnClose: Boolean,
  rollingPercentilesEnabled: unlessFalse,
  stackTraces: Boolean,
  'state.closed': unlessFalse,
  'state.enabled': unlessFalse,
  'state.halfOpen': Boolean,
  'state.shutdown': Boolean,
  'state.warmUp': Boolean
}

/**
 * Whether a switch is on. Of words, `'true'` and `'false'` are what they say; others are what
 * they are to opossum, and hardly what was meant.
 */
function isOn (name, value) {
  if (typeof value === 'boolean') return value
  if (typeof value !== 'string') return SWITCHES[name](value)
  return inWords(value) ?? asIfMeant(name, value)
}

/** What a word says; undefined when it says something else. */
function inWords (value) {
  return value === 'true' ? true : value === 'false' ? false : undefined
}

/** Makes booleans of the words among options that say so, which then show what they are. */
function readWords (options) {
  // Name by name: V8 looks up a name that it knows in a fifth of the time.
  if (typeof options.allowWarmUp === 'string') options.allowWarmUp = read('allowWarmUp', options.allowWarmUp)
  if (typeof options.cache === 'string') options.cache = read('cache', options.cache)
  if (typeof options.enabled === 'string') options.enabled = read('enabled', options.enabled)
  if (typeof options.metricsOnly === 'string') options.metricsOnly = read('metricsOnly', options.metricsOnly)
  if (typeof options.stackTraces === 'string') options.stackTraces = read('stackTraces', options.stackTraces)
  if (typeof options.autoRenewAbortController === 'string') {
    options.autoRenewAbortController = read('autoRenewAbortController', options.autoRenewAbortController)
  }
}

module.exports = { isOn, readWords }

// Other words stay, for opossum's options show them.
function read (name, word) {
  return inWords(word) ?? (asIfMeant(name, word), word)
}

function asIfMeant (name, value) {
  const is = SWITCHES[name](value)
  warnOnce(
    'DIDELPHIS_WORD_AS_SWITCH',
    `options.${name} is ${builtins.inspect(value)}, which is taken for ${is}: it should be true or false`,
    name
  )
  return is
}
