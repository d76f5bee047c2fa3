'use strict'

// Few cells in place of all combinations of some factors: one for every pair of values of two
// factors finds what any two of them do together (D. M. Cohen et al., The AETG System, 1997).

const { dice } = require('./clock')

/**
 * Cells for every pair of values that makes sense: `senseless` are tests of those that do not.
 * Of the factors named in `all`, every combination.
 */
function cover (factors, senseless, all = []) {
  const names = Object.keys(factors)
  const roll = dice(1)
  const pick = list => list[Math.floor(roll() * list.length)]
  const sample = () => Object.fromEntries(names.map(name => [name, pick(factors[name])]))
  const text = (cell, names) => names.map(name => `${name}=${JSON.stringify(cell[name])}`).join()
  const pairs = names.flatMap((a, i) => names.slice(i + 1).map(b => [a, b]))
  const tuples = cell => (all.length ? [...pairs, all] : pairs).map(names => text(cell, names))
  const pool = []
  while (pool.length < 20_000) {
    const cell = sample()
    if (!senseless.some(is => is(cell))) pool.push({ cell, tuples: tuples(cell) })
  }
  const missing = new Set(pool.flatMap(({ tuples }) => tuples))
  const cells = []
  while (missing.size > 0) {
    const news = ({ tuples }) => tuples.filter(tuple => missing.has(tuple)).length
    const best = pool.reduce((best, next) => {
      const count = news(next)
      return count > best.count ? { next, count } : best
    }, { count: 0 }).next
    for (const tuple of best.tuples) missing.delete(tuple)
    cells.push(best.cell)
  }
  return cells
}

module.exports = { cover }
