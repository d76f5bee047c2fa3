'use strict'

// Bytes that were packed by LZMA: browsers unpack nothing at once (DecompressionStream gives promises). Only
// what `.ci/bundle.mjs` makes: the length in four bytes, and a stream with `lc=3,lp=0,pb=0`. Follows the
// format's specification (lzma-specification.txt in 7-zip's LZMA SDK). Trusts what it is given: it is part of
// the same file. Used by the instances of the module.

const HEADER = 4
// Of the probability that the next bit is 0.
const BITS = 11
const EVEN = 1 << BITS - 1
const MOVE_BITS = 5
// Below it, the range takes another byte.
const TOP = 2 ** 24
const [RANGE, CODE] = [0, 1]

const LITERAL_CONTEXT_BITS = 3
const LITERAL_STATES = 7
const STATES = 12
const DISTANCE_STATES = 4
const ALIGN_BITS = 4
const LAST_MODEL = 14
const FULL_DISTANCES = 128

const probabilities = length => new Uint16Array(length).fill(EVEN)
const several = (count, length) => Array.from({ length: count }, () => probabilities(length))

/** The bytes that were packed. */
function unpack (packed) {
  const unpacked = new Uint8Array(packed[0] | packed[1] << 8 | packed[2] << 16 | packed[3] << 24)
  let written = 0

  // The range coder. Its first byte says nothing. Range and code are in an array of such numbers: as variables, V8
  // would have each on its heap, anew for each bit.
  let read = HEADER + 1
  const coder = Uint32Array.of(0xffffffff, packed[read++] << 24 | packed[read++] << 16 | packed[read++] << 8 | packed[read++])

  const bit = (model, place) => {
    const chance = model[place]
    const bound = (coder[RANGE] >>> BITS) * chance
    let found = 0
    if (coder[CODE] < bound) {
      coder[RANGE] = bound
      model[place] = chance + ((1 << BITS) - chance >>> MOVE_BITS)
    } else {
      coder[RANGE] -= bound
      coder[CODE] -= bound
      model[place] = chance - (chance >>> MOVE_BITS)
      found = 1
    }
    if (coder[RANGE] < TOP) next()
    return found
  }
  const next = () => {
    coder[RANGE] <<= 8
    coder[CODE] = coder[CODE] << 8 | packed[read++]
  }
  const directBits = count => {
    let found = 0
    while (count-- > 0) {
      coder[RANGE] >>>= 1
      const one = coder[CODE] >= coder[RANGE] ? 1 : 0
      if (one) coder[CODE] -= coder[RANGE]
      found = found << 1 | one
      if (coder[RANGE] < TOP) next()
    }
    return found
  }
  const tree = (model, count) => {
    let node = 1
    for (let i = 0; i < count; i++) node = node << 1 | bit(model, node)
    return node - (1 << count)
  }
  const reverseTree = (model, offset, count) => {
    let node = 1
    let found = 0
    for (let i = 0; i < count; i++) {
      const one = bit(model, offset + node)
      node = node << 1 | one
      found |= one << i
    }
    return found
  }

  const lengths = () => ({ choice: probabilities(2), low: probabilities(8), middle: probabilities(8), high: probabilities(256) })
  const length = ({ choice, low, middle, high }) => {
    if (bit(choice, 0) === 0) return tree(low, 3)
    return bit(choice, 1) === 0 ? 8 + tree(middle, 3) : 16 + tree(high, 8)
  }

  const literals = several(1 << LITERAL_CONTEXT_BITS, 0x300)
  const [isMatch, isRep, isRep0, isRep1, isRep2, isRep0Long] = several(6, STATES)
  const matchLengths = lengths()
  const repLengths = lengths()
  const slots = several(DISTANCE_STATES, 64)
  const special = probabilities(FULL_DISTANCES)
  const align = probabilities(1 << ALIGN_BITS)

  const distance = size => {
    const slot = tree(slots[Math.min(size, DISTANCE_STATES - 1)], 6)
    if (slot < 4) return slot
    const count = (slot >> 1) - 1
    const base = (2 | slot & 1) << count
    if (slot < LAST_MODEL) return base + reverseTree(special, base - slot, count)
    return base + (directBits(count - ALIGN_BITS) << ALIGN_BITS) + reverseTree(align, 0, ALIGN_BITS)
  }

  const literal = (afterMatch, back) => {
    const model = literals[(unpacked[written - 1] ?? 0) >> 8 - LITERAL_CONTEXT_BITS]
    let node = 1
    if (afterMatch) {
      let matched = unpacked[written - back - 1]
      do {
        const expected = matched >> 7 & 1
        matched <<= 1
        const one = bit(model, (1 + expected << 8) + node)
        node = node << 1 | one
        if (one !== expected) break
      } while (node < 0x100)
    }
    while (node < 0x100) node = node << 1 | bit(model, node)
    unpacked[written++] = node
  }

  // The last distances, the latest first.
  let [rep0, rep1, rep2, rep3] = [0, 0, 0, 0]
  let state = 0
  while (written < unpacked.length) {
    if (bit(isMatch, state) === 0) {
      literal(state >= LITERAL_STATES, rep0)
      state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6
      continue
    }
    const wasLiteral = state < LITERAL_STATES
    let size
    if (bit(isRep, state) === 0) {
      [rep1, rep2, rep3] = [rep0, rep1, rep2]
      size = length(matchLengths)
      rep0 = distance(size)
      state = wasLiteral ? 7 : 10
    } else {
      if (bit(isRep0, state) === 0) {
        if (bit(isRep0Long, state) === 0) {
          unpacked[written] = unpacked[written - rep0 - 1]
          written++
          state = wasLiteral ? 9 : 11
          continue
        }
      } else if (bit(isRep1, state) === 0) {
        [rep0, rep1] = [rep1, rep0]
      } else if (bit(isRep2, state) === 0) {
        [rep0, rep1, rep2] = [rep2, rep0, rep1]
      } else {
        [rep0, rep1, rep2, rep3] = [rep3, rep0, rep1, rep2]
      }
      size = length(repLengths)
      state = wasLiteral ? 8 : 11
    }
    for (const end = written + size + 2; written < end; written++) unpacked[written] = unpacked[written - rep0 - 1]
  }
  return unpacked
}

module.exports = { unpack }
