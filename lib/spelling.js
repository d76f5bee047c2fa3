'use strict'

// The name that somebody may have meant. Used by the rules of the doctor, and where options are
// taken.

/** The known name that is most like a given one; undefined if none is. */
function meant (given, known) {
  // Part of a name, or a name and something more: errorThreshold, timeoutMs.
  const plain = plainOf(given)
  return nearest(given, known) ?? known.find(name => shares(plain, plainOf(name)))
}

/** The one from which it is some letters away at most; undefined if there is none. */
function nearest (given, known) {
  const plain = plainOf(given)
  const alike = same(given, known)
  if (alike !== undefined) return alike
  const [first] = known
    .map(name => ({ name, distance: distance(plain, plainOf(name)) }))
    .filter(({ name, distance }) => distance <= allowed(name) && distance < plain.length / 2)
    .sort((a, b) => a.distance - b.distance)
  return first?.name
}

/** The one of the same letters, however they are written; undefined if there is none. */
function same (given, known) {
  const plain = plainOf(given)
  return known.find(name => plainOf(name) === plain)
}

module.exports = { meant, nearest, same }

const LEAST_SHARED = 4

function shares (a, b) {
  return Math.min(a.length, b.length) >= LEAST_SHARED && (a.startsWith(b) || b.startsWith(a))
}

// half-open, half_open and HalfOpen are one.
function plainOf (name) {
  return name.replace(/[-_\s:.]/g, '').toLowerCase()
}

function allowed (name) {
  return name.length < 5 ? 1 : name.length < 12 ? 2 : 3
}

// How many letters are to be added, left out, changed, or swapped with the next one
// (Damerau and Levenshtein, of neighbours).
function distance (a, b) {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    rows[i] = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = a[i - 1] === b[j - 1] ? 0 : 1
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + changed)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1)
      }
    }
  }
  return rows[a.length][b.length]
}
