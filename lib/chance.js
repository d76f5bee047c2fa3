'use strict'

// Chance, where the user says what it draws. The native half is given each draw beforehand, for it
// asks nobody in the middle of a decision. Used by the class.

const { throwAsync } = require('./emit')
const { refuse } = require('./options')

/** Gives the next draw. What makes no sense surfaces, and leaves that draw to the native half. */
function giveDraw (breaker, inner) {
  let draw = NaN
  try {
    const { random } = breaker.options
    if (typeof random !== 'function') return
    const drawn = random()
    if (!(drawn >= 0 && drawn < 1)) refuse('what options.random returns', 'a number from 0 up to 1, and less than 1', drawn)
    draw = Number(drawn)
  } catch (error) {
    throwAsync(error)
  }
  inner.handle.giveDraw(draw)
}

module.exports = { giveDraw }
