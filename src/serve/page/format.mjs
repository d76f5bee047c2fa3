// Numbers and moments as people read them. Used by all that writes on the page.

export const NONE = '–'

/** A number of three figures at most, with its unit where there is one. */
export function number (value) {
  if (value == null || Number.isNaN(value)) return NONE
  if (value >= 1e6) return `${figures(value / 1e6)}M`
  if (value >= 1e4) return `${figures(value / 1e3)}k`
  return figures(value)
}

function figures (value) {
  if (value === 0) return '0'
  if (value < 0.05) return '<0.1'
  return value < 10 ? String(Number(value.toFixed(1))) : String(Math.round(value))
}

export function percent (value) {
  return value == null ? NONE : `${number(value)} %`
}

/** The share of calls that failed; of those that were refused nobody knows what they would have done. */
export function failing ({ stats, failureRate }) {
  return stats.failures + stats.successes > 0 ? percent(failureRate) : NONE
}

/** A length in milliseconds. */
export function duration (ms) {
  if (ms == null || Number.isNaN(ms)) return NONE
  if (ms < 999.5) return `${figures(ms)} ms`
  if (ms < 59_950) return `${Number((ms / 1000).toFixed(ms < 9_995 ? 2 : 1))} s`
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.floor(ms % 60_000 / 1000)} s`
  return `${Math.floor(ms / 3_600_000)} h ${Math.floor(ms % 3_600_000 / 60_000)} min`
}

/** The same in whole seconds, for what counts on under the reader's eyes. */
export function roughly (ms) {
  return duration(ms < 59_950 ? Math.max(0, Math.round(ms / 1000)) * 1000 : ms).replace(/^0 ms$/, '0 s')
}

/** A time of day. */
export function clock (at) {
  const date = new Date(at)
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(part => String(part).padStart(2, '0')).join(':')
}

// What shows nothing, ends lines, or turns the direction of what comes after it.
// eslint-disable-next-line no-control-regex
const UNSEEN = /[\0-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** A name from elsewhere with what nobody would see in it made visible: nobody shall pass for another. */
export function legible (text) {
  return text.replace(UNSEEN, unseen => {
    const code = unseen.charCodeAt(0)
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : `⟨${code.toString(16)}⟩`
  })
}

/** A function and where it is: `render (page.js:12)`. */
export function place ({ function: name, url, line }) {
  const file = url.slice(url.lastIndexOf('/') + 1)
  return legible(file && line > 0 ? `${shortened(name)} (${shortened(file)}:${line})` : shortened(name))
}

// Of code that was made of a text the address may be the text.
function shortened (text) {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

/** `errorThresholdPercentage` as `error threshold percentage`. */
export function words (name) {
  return name.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)
}
