'use strict'

// Metrics as a scraper is told them: what answered when, and how late it said that the
// loop is. Used by the program that watches one stall.

/**
 * Asks an endpoint once, for `limit` ms at most, and notes it in the list: when it was
 * asked, how long the answer took, and the lag that it told (the longest of all threads),
 * in ms. Without an answer in time these two are null.
 */
async function scrape (url, list, { at, lag, limit }) {
  const entry = { at: at(), took: null, lag: null }
  list.push(entry)
  try {
    const text = await (await fetch(url, { signal: AbortSignal.timeout(limit) })).text()
    entry.took = at() - entry.at
    entry.lag = 1000 * Math.max(...samples(text, lag))
  } catch (error) {
    if (error.name !== 'TimeoutError') throw error
  }
}

/** The values of a metric in a text. */
function samples (text, name) {
  return text.split('\n').filter(line => line.startsWith(name) && /^[{ ]/.test(line.slice(name.length)))
    .map(line => Number(line.slice(line.lastIndexOf(' '))))
}

/** What both told, side by side: the lines of every second scrape. */
function table ({ scrapes: { didelphis, javascript }, from, limit, stall }) {
  const told = ({ lag, took }) => took === null ? `no answer in ${limit} ms` : `lag ${(lag / 1000).toFixed(3)} s, in ${Math.round(took)} ms`
  const rows = javascript.map(({ at }, n) => {
    const held = at >= from && at < from + stall ? 'held' : ''
    return [`${(at / 1000).toFixed(2)} s`, held, told(javascript[n]), told(didelphis[n])]
  }).filter((row, n) => n % 2 === 0)
  return [['asked at', 'loop', '/metrics in JavaScript', '/metrics of didelphis'], ...rows]
    .map(([time, held, ...cells]) => [time.padStart(8), held.padEnd(4), ...cells.map(cell => cell.padEnd(26))].join('  ').trimEnd())
    .join('\n')
}

/** The longest time in which an endpoint said nothing, of the time in which it was asked, ms. */
function longestSilence (list, ends) {
  const heard = list.filter(({ took }) => took !== null).map(({ at, took }) => at + took).sort((a, b) => a - b)
  return Math.max(...[...heard, ends].map((at, n) => at - (heard[n - 1] ?? 0)))
}

module.exports = { longestSilence, samples, scrape, table }
