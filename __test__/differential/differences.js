'use strict'

// Scenarios in which ours differs from opossum, and why. The test sees to it that they
// still do: what no longer differs leaves this list.

const HISTOGRAM = 'latencies are kept in a histogram, to within 6.25 %'

const REJECTS = 'fire always gives a promise, which rejects where opossum\'s throws'

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
  'the fields of an error':
    'it names its breaker, too, and says in what time to try again',
  'the public fields of a breaker':
    '`semaphore` is made when it is asked for',
  'latencies may be primed':
    HISTOGRAM,
  'a bucket\'s latencies may be added to':
    'the latencies of a bucket are written out when they are read; a list is to be assigned',
  'a primed bucket shows all that it was given':
    'a bucket takes counts and latencies, and no measures or fields of others',

  // Mended.
  'a disabled breaker lets the action throw': REJECTS,
  'a key function that throws': REJECTS,
  'a thenable that the action of a disabled breaker gives':
    'fire gives a promise of it',
  'arguments that cannot be written as JSON': REJECTS,
  'a transport whose get throws': REJECTS,
  'a transport that answers later':
    'its answer is waited for, where opossum takes the promise for one: it never misses, and the action never runs',
  'a thenable that a transport gives is what fire gives':
    'a thenable is an answer that comes later, and fire gives a promise of it',
  'a plain value that a transport gives':
    'fire gives a promise, of a kept value too',
  'a thenable of the action is kept as it is':
    'a thenable is asked once, and need not give a promise from its `then`',
  'a size of 0':
    'a cache for no entries keeps none, where opossum\'s has no limit',
  'the cache may be switched on among the live options':
    'the memory is made when it is needed, where opossum throws a TypeError',
  'it may be switched on among the live options':
    'the memory is made when it is needed, where opossum throws a TypeError',
  'a time to live in words of digits':
    'it is that many milliseconds, where opossum appends the digits to the time of day',
  'a check that takes longer than its interval':
    'a check waits for the one before',
  'a state that is closed and half open':
    'a closed circuit has no probe to wait for',
  'a probe that finds no place of the capacity':
    'it is not spent: the circuit waits for the next call',
  'a probe that hangs where there is no timeout':
    'one more may try after a whole reset timeout, where opossum waits for ever',
  'a fire listener that shuts down':
    'what is shut down runs no action, where opossum lets the call through unguarded',
  'semaphore: who waits loses nothing when another gives up':
    'who gives up is the one whose time is over, where opossum\'s first in the queue is forgotten'
}
