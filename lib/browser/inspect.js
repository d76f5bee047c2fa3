'use strict'

// A value in a few words, for messages: what `node:util` would say of most of them. Used by what
// stands in the place of Node's modules in browsers.

/** Never throws, whatever the value does when it is looked at. */
function inspect (value) {
  try {
    return describe(value)
  } catch {
    return '[Object]'
  }
}

module.exports = { inspect }

function describe (value) {
  switch (typeof value) {
    case 'string': return quoted(value)
    case 'bigint': return `${value}n`
    case 'number': return Object.is(value, -0) ? '-0' : String(value)
    case 'function': return `[Function${value.name ? `: ${value.name}` : ' (anonymous)'}]`
    case 'object': return value === null ? 'null' : describeObject(value)
    default: return String(value)
  }
}

function describeObject (value) {
  if (value instanceof Error || value instanceof RegExp) return String(value)
  if (value instanceof Date) return isNaN(value.getTime()) ? String(value) : value.toISOString()
  if (Array.isArray(value)) return inside('[', value.map(shallow), ']')
  const { constructor } = value
  const name = typeof constructor === 'function' && constructor !== Object ? `${constructor.name} ` : ''
  return name + inside('{', Object.keys(value).map(key => `${/^[\w$]+$/.test(key) ? key : quoted(key)}: ${shallow(value[key])}`), '}')
}

function inside (before, parts, after) {
  return parts.length === 0 ? before + after : `${before} ${parts.join(', ')} ${after}`
}

// One level deep: what is in it further is named alone.
function shallow (value) {
  if (typeof value !== 'object' || value === null) return inspect(value)
  return Array.isArray(value) ? '[Array]' : `[${value.constructor?.name ?? 'Object'}]`
}

// As Node: by whichever quotes are not in it.
function quoted (text) {
  const quote = ["'", '"', '`'].find(mark => !text.includes(mark)) ?? "'"
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"')
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote
}
