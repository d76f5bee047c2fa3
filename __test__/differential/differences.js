'use strict'

// Scenarios in which ours differs from opossum, and why. The test sees to it that they
// still do: what has been mended leaves this list.

const NEXT = 'not there yet'

module.exports = {
  // On purpose.
  'permits as a success listener sees them':
    'a call gives its permit back before its listeners hear of it, so that what they fire is admitted',
  'a status of another breaker goes on counting':
    'a window belongs to one breaker; a second one given the same status begins with a copy of it',
  'a subclass may override emit, and sees every event':
    '`close` and `success` are emitted one after the other, not one inside the other',
  'a subclass may override open and close, and the machine goes through them':
    '`open` and `close` are commands; the circuit moves in the native half',
  'the public fields of a breaker':
    '`semaphore` is made when it is asked for',

  // Caches, abort controllers and health checks.
  'a timeout aborts the signal of the abort controller': NEXT,
  'a spent abort controller is renewed when half open': NEXT,
  'without an abort controller there is no signal': NEXT,
  'an abort controller must be able to abort': NEXT,
  'a failing health check opens': NEXT,
  'a passing health check changes nothing': NEXT,
  'a health check is repeated': NEXT,
  'a health check must be a function': NEXT,
  'the defaults show on breaker.options': NEXT,
  'given options show next to the defaults, unknown ones too': NEXT,
  'null takes the default, false and 0 stay': NEXT,
  'methods and getters are where a mock looks for them': NEXT,
  'a cached result is given again': NEXT,
  'failures are not cached': NEXT,
  'a cached result is given by an open breaker': NEXT,
  'a cached result expires': NEXT,
  'a full cache drops its oldest entry': NEXT,
  'the key is made from the arguments, with the breaker as this': NEXT,
  "a cache transport of the program's own": NEXT,
  'a cache transport must have its methods': NEXT,
  'calls with the same arguments in flight are one': NEXT,
  'coalescing ends by a success, an error or a timeout where asked to': NEXT,
  'reasons to end coalescing that do not exist are left out': NEXT,
  'cache and coalescing together': NEXT
}
