'use strict'

// What a server shows, as lines of text: worst first.

/**
 * The lines of a reading, none wider than `columns`, and not more than `rows` of them if that is given.
 */
function tableOf ({ breakers, loops, now }, { columns = Infinity, rows = Infinity, isColored = false } = {}) {
  const paint = isColored ? (text, color) => color === undefined ? text : `\u001b[${color}m${text}\u001b[0m` : text => text
  const about = loops.map(loop => [loopLine(loop), loop.stalled ? RED : undefined])
  const worst = [...breakers].sort(byTrouble)
  const cells = worst.map(breaker => COLUMNS.map(({ cell }) => cell(breaker, now)))
  const widths = COLUMNS.map(({ head, most = Infinity }, column) =>
    Math.min(most, cells.reduce((width, row) => Math.max(width, widthOf(row[column])), head.length)))
  const line = row => row.map((cell, column) => padded(cell, widths[column], COLUMNS[column].isNumber)).join('  ').trimEnd()
  const room = Math.max(0, rows - about.length - 2)
  const isWhole = cells.length <= room
  const shown = isWhole ? cells.length : Math.max(0, room - 1)
  const lines = [
    ...about,
    ['', undefined],
    [breakers.length === 0 ? 'No breakers.' : line(COLUMNS.map(({ head }) => head)), breakers.length === 0 ? undefined : BOLD],
    ...cells.slice(0, shown).map((row, index) => [line(row), COLORS[worst[index].state]]),
    ...isWhole ? [] : [[`… and ${cells.length - shown} more`, undefined]]
  ]
  return lines.slice(0, rows).map(([text, color]) => paint(cut(text, columns), color))
}

/** A name as it may be printed: it may be anything, sequences that steer a terminal included. */
function printable (text) {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '\ufffd')
}

module.exports = { printable, tableOf }

const [RED, GREEN, YELLOW, BLUE, BOLD] = [31, 32, 33, 34, 1]
const COLORS = { open: RED, forcedOpen: RED, halfOpen: YELLOW, disabled: BLUE, metricsOnly: BLUE, closed: GREEN }
const TROUBLE = ['open', 'forcedOpen', 'halfOpen', 'disabled', 'metricsOnly', 'closed']

const COLUMNS = [
  { head: 'NAME', most: 40, cell: ({ name }) => printable(name) },
  { head: 'STATE', cell: ({ commandsWait, draining, state }) => `${state}${draining ? ' (draining)' : ''}${commandsWait ? ' (told)' : ''}` },
  { head: 'CALLS/S', isNumber: true, cell: ({ callRate }) => callRate.toFixed(1) },
  { head: 'FAILED', isNumber: true, cell: ({ failureRate }) => `${failureRate.toFixed(1)}%` },
  { head: 'REFUSED', isNumber: true, cell: ({ stats }) => String(stats.rejects) },
  { head: 'P50', isNumber: true, cell: ({ latency }) => latency === null ? '-' : duration(latency.p50) },
  { head: 'P99', isNumber: true, cell: ({ latency }) => latency === null ? '-' : duration(latency.p99) },
  { head: 'IN FLIGHT', isNumber: true, cell: ({ capacity, inFlight, queued }) => `${inFlight}${capacity === null ? '' : `/${capacity}`}${queued > 0 ? ` (${queued} wait)` : ''}` },
  { head: 'SINCE', isNumber: true, cell: ({ since }, now) => since === null ? '-' : duration(Math.max(0, now - since)) },
  { head: 'WHY', cell: whyOf },
  { head: 'THREAD', cell: ({ thread }) => thread }
]

// Of one that is not closed: why it opened, and when a call may try.
function whyOf ({ lastTrip, nextAttemptAt, state }, now) {
  if (!['open', 'forcedOpen', 'halfOpen'].includes(state) || lastTrip === null) return ''
  const next = nextAttemptAt === null ? '' : nextAttemptAt > now ? `, tries in ${duration(nextAttemptAt - now)}` : ', may try'
  return lastTrip.reason + next
}

function loopLine ({ lag, longest, stalled, thread, total }) {
  const word = stalled ? `STALLED for ${duration(lag)}` : `lag ${duration(lag)}`
  return `loop ${thread}: ${word}, longest turn ${duration(longest)}, ${total.stalls} ${total.stalls === 1 ? 'stall' : 'stalls'} of ${duration(total.stalled)} in all`
}

function byTrouble (one, other) {
  return TROUBLE.indexOf(one.state) - TROUBLE.indexOf(other.state) || other.failureRate - one.failureRate ||
    other.callRate - one.callRate || one.id - other.id
}

function duration (ms) {
  if (ms < 10) return `${ms.toFixed(1)}ms`
  if (ms < 1000) return `${Math.round(ms)}ms`
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)}s`
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)}min`
  return `${Math.round(ms / 3_600_000)}h`
}

function padded (text, width, isNumber) {
  const short = cut(text, width)
  const space = ' '.repeat(Math.max(0, width - widthOf(short)))
  return isNumber ? space + short : short + space
}

// A terminal gives the characters of East Asia, and pictures, the room of two.
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u

function widthOf (text) {
  let width = 0
  for (const character of text) width += WIDE.test(character) ? 2 : 1
  return width
}

function cut (text, width) {
  if (widthOf(text) <= width) return text
  let short = ''
  let left = width - 1
  for (const character of text) {
    left -= WIDE.test(character) ? 2 : 1
    if (left < 0) break
    short += character
  }
  return `${short}…`
}
