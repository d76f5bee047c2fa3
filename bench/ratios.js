'use strict'

// What rounds of measuring come to. Used for what is measured side by side, and apart.

const { OURS } = require('./contestants')

/**
 * Rows, one for each size, with the median of each entrant's values. `ratio`: how many
 * times ours is the value of another, round by round. `growth`: how many times that of the
 * same contestant at the first size it had.
 */
function compared (entrants) {
  return [...new Set(entrants.map(({ size }) => size))].map(size => {
    const present = entrants.filter(entrant => entrant.size === size)
    const ours = present.find(({ name }) => name === OURS)
    return {
      size,
      what: present[0].what,
      by: Object.fromEntries(present.map(({ name, values }) => {
        const first = entrants.find(entrant => entrant.name === name)
        return [name, {
          value: median(values),
          ratio: ours && spread(quotients(values, ours.values)),
          growth: spread(quotients(values, first.values))
        }]
      }))
    }
  })
}

module.exports = { compared }

function quotients (values, others) {
  return values.map((value, number) => value / others[number])
}

function spread (numbers) {
  return { median: median(numbers), min: Math.min(...numbers), max: Math.max(...numbers) }
}

function median (numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
