'use strict'

// Garbage collection by hand, with or without --expose-gc.

const { setImmediate: turn } = require('node:timers/promises')
const v8 = require('node:v8')
const vm = require('node:vm')

v8.setFlagsFromString('--expose-gc')
const collect = globalThis.gc ?? vm.runInNewContext('gc')

/** Collects several times, with turns of the loop between: finalizers run in turns of their own. */
async function gc (times = 5) {
  for (let i = 0; i < times; i++) {
    await turn()
    collect()
  }
}

/** Whether everything behind these weak references goes away. */
async function collected (refs) {
  for (let i = 0; i < 50 && refs.some(ref => ref.deref()); i++) await gc(1)
  return refs.every(ref => !ref.deref())
}

module.exports = { collected, gc }
