'use strict'

// What is wrong with the options that stand in the code: names that no breaker reads, and
// values that do not do what they seem to. Used by `sources.js`.

const { readNumber } = require('../options')
const { NEEDS, NUMBERS, OPTIONS, OURS_ALONE, SWITCHES } = require('./known')
const { meant } = require('../spelling')
const { UNKNOWN } = require('./values')

/**
 * Findings about one `new CircuitBreaker(...)`, each with its place in the text. `isOpossum`:
 * the class is opossum's own. In tests only names are looked at, for tests give odd values
 * on purpose.
 */
function examineOptions ({ action, at, options }, { isOpossum, isTest }) {
  const found = []
  if (action?.properties.some(({ name }) => OPTIONS.includes(name)) && !options) {
    found.push({
      level: 'problem',
      kind: 'options-as-action',
      at,
      message: 'the options stand where the action should: the breaker guards a plain value',
      hint: 'write new CircuitBreaker(action, options)'
    })
  }
  if (options === undefined) return found
  const given = Object.fromEntries(options.properties.map(property => [property.name, property]))
  for (const property of options.properties) {
    const finding = nameFinding(property.name, isOpossum) ?? (isTest ? undefined : valueFinding(property, given, options, isOpossum))
    if (finding) found.push({ at: property.place, ...finding })
  }
  return found
}

/** The same about the interval of a health check. */
function examineInterval ({ at, value }) {
  if (!isSmall(value, SHORT_MS)) return []
  return [{ at, ...seconds('the interval of a health check', value) }]
}

module.exports = { examineInterval, examineOptions }

function nameFinding (name, isOpossum) {
  if (isOpossum && OURS_ALONE.options.includes(name)) {
    return { level: 'problem', kind: 'not-in-opossum', message: `${name}: opossum has no such option`, hint: 'didelphis has it' }
  }
  if (OPTIONS.includes(name)) return undefined
  if (name === 'fallback') {
    return { level: 'problem', kind: 'unknown-option', message: 'fallback is no option', hint: 'call breaker.fallback(function)' }
  }
  const suggestion = meant(name, OPTIONS)
  return suggestion
    ? { level: 'problem', kind: 'unknown-option', message: `${name}: there is no such option`, hint: `did you mean ${suggestion}?` }
    : { level: 'note', kind: 'unknown-option', message: `${name}: no breaker reads such an option`, hint: undefined }
}

function valueFinding ({ name, value, isAsync }, given, options, isOpossum) {
  const rules = [
    () => lacking(name, given, options),
    () => name === 'errorFilter' && isAsync && {
      level: 'problem',
      kind: 'async-filter',
      message: 'errorFilter is async: a promise is no answer. opossum takes every error for harmless, didelphis counts each',
      hint: 'decide at once, and return true or false'
    },
    () => value !== UNKNOWN && value !== undefined && ofValue(name, value, given, isOpossum)
  ]
  for (const rule of rules) {
    const finding = rule()
    if (finding) return finding
  }
  return undefined
}

function ofValue (name, value, given, isOpossum) {
  if (SWITCHES.includes(name)) return ofSwitch(name, value)
  if (NUMBERS.includes(name)) return invalid(name, value, isOpossum) ?? ofNumber(name, Number(value), given, isOpossum)
  if (name === 'coalesceResetOn') return ofReasons(value)
  return undefined
}

function ofSwitch (name, value) {
  if (typeof value === 'boolean' || value === null) return undefined
  return {
    level: value === 'true' || value === 'false' ? 'note' : 'problem',
    kind: 'no-switch',
    message: `${name}: ${shown(value)} is neither true nor false`,
    hint: 'write true or false'
  }
}

function invalid (name, value, isOpossum) {
  try {
    readNumber(name, value)
    return undefined
  } catch ({ message }) {
    return {
      level: 'problem',
      kind: 'invalid-value',
      message,
      hint: isOpossum ? 'opossum takes it as it is; didelphis throws this TypeError' : undefined
    }
  }
}

function ofNumber (name, value, given, isOpossum) {
  switch (name) {
    case 'errorThresholdPercentage': return ofThreshold(value, given)
    case 'timeout': return isSmall(value, value < 10 || alsoInSeconds(given) ? 61 : 10) && seconds(name, value)
    case 'resetTimeout':
    case 'rollingCountTimeout':
    case 'cacheTTL': return isSmall(value, SHORT_MS) && seconds(name, value)
    case 'maxFailures': return isOpossum && {
      level: 'note',
      kind: 'ignored-by-opossum',
      message: 'maxFailures: opossum 10 ignores it; didelphis opens the circuit at so many failures in a row',
      hint: 'leave it out, or mean it'
    }
  }
}

// Nobody means so few milliseconds in a program that is no test.
const SHORT_MS = 100

// A short timeout alone may be meant.
function alsoInSeconds (given) {
  return ['resetTimeout', 'rollingCountTimeout'].some(name => isSmall(given[name]?.value, 1000))
}

function isSmall (value, below) {
  return typeof value === 'number' && value > 0 && value < below
}

function seconds (what, value) {
  return {
    level: 'problem',
    kind: 'seconds',
    message: `${what}: ${value} is in milliseconds`,
    hint: `write ${value * 1000} for ${value} ${value === 1 ? 'second' : 'seconds'}`
  }
}

// Options by which a circuit opens whatever the rate.
const OTHER_REASONS = ['maxFailures', 'consecutiveFailures']

function ofThreshold (value, given) {
  if (value > 0 && value < 1) {
    return {
      level: 'problem',
      kind: 'share-for-percentage',
      message: `errorThresholdPercentage: ${value} is in percent: one failure among ${Math.floor(100 / value)} calls opens the circuit`,
      hint: `write ${Number((value * 100).toPrecision(12))} for ${Number((value * 100).toPrecision(12))} %`
    }
  }
  return value >= 100 && !OTHER_REASONS.some(name => name in given) && {
    level: 'note',
    kind: 'never-opens',
    message: `errorThresholdPercentage: ${value}: the rate has to be greater, so it never opens the circuit`,
    hint: 'write 99 to open it when all calls fail'
  }
}

function ofReasons (value) {
  const words = ['error', 'success', 'timeout']
  const wrong = Array.isArray(value) && value.find(word => word !== UNKNOWN && !words.includes(word))
  return wrong !== undefined && wrong !== false && {
    level: 'problem',
    kind: 'unknown-reason',
    message: `coalesceResetOn: ${shown(wrong)} is dropped`,
    hint: `write ${words.map(shown).join(', ')} or some of them`
  }
}

// An option that does nothing because another one is off.
function lacking (name, given, { isWhole }) {
  const needed = NEEDS[name]
  if (needed === undefined || !isWhole || needed.some(name => mayBeOn(given[name]))) return undefined
  return {
    level: 'problem',
    kind: 'without-effect',
    message: `${name} has no effect without ${needed.map(name => `${name}: true`).join(' or ')}`,
    hint: undefined
  }
}

function mayBeOn (property) {
  return property !== undefined && (property.value === UNKNOWN || Boolean(property.value))
}

function shown (value) {
  return typeof value === 'string' ? `'${value}'` : String(value)
}
