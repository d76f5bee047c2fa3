'use strict'

// Scenarios in which ours differs from opossum, and why. The test sees to it that they
// still do: what has been mended leaves this list.

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

}
