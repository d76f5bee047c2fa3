'use strict'

// What a test needs that not each half has: where it lacks, the test asserts what is documented for
// that instead, under a name that begins with "not here".

const assert = require('node:assert/strict')
const { after, before, describe, test } = require('node:test')

const { binding, serve } = require('../..')

const isNative = binding.kind === 'native'

module.exports = {
  /** Whether breakers of all threads of the process hear of each other, and a thread tells their timeouts. */
  hasThreads: isNative,

  /** Whether breakers go on where V8 has stopped one in the middle of a call, by the timeout of `node:vm`. */
  survivesTermination: isNative,

  /** `describe`, `test` and their hooks, where there is the server. */
  withServer: () => isNative ? { after, before, describe, test } : without(() => assert.rejects(serve(), { code: 'ENATIVE' })),

  /** The same where the metrics of all breakers can be read: by what would read them. */
  withMetrics: read => isNative ? { describe, test } : without(() => assert.throws(read, { code: 'ENATIVE' }))
}

// Hooks make ready what is not there.
function without (instead) {
  const notHere = name => test(`not here: ${name}`, instead)
  return { after () {}, before () {}, describe: notHere, test: notHere }
}
