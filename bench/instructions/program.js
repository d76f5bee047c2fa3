'use strict'

// What is counted: calls one after another through one of the guards. Run under callgrind:
//
//   node bench/instructions/program.js <guard> <calls>

const { setImmediate: turn } = require('node:timers/promises')
const { loadCrossing, loadFloor } = require('../floor')

const action = async x => x

const GUARDS = {
  unguarded: () => ({ fire: action }),
  floor: () => loadFloor()(action),
  'floor, deadline': () => new Rejectable(loadCrossing(), action),
  'didelphis, no timeout': () => guard(require('../..'), { timeout: false }),
  didelphis: () => guard(require('../..'), {}),
  opossum: () => guard(require('opossum'), {})
}

// The floor for a guard whose promise can be rejected before the action's is settled: that
// takes a promise of its own, and handlers, which are used again.
class Rejectable {
  constructor (cross, action) {
    this.cross = cross
    this.action = action
    this.settle = undefined
    this.succeed = value => {
      this.cross()
      this.settle(value)
    }
  }

  fire (argument) {
    this.cross()
    const result = this.action(argument)
    let settle
    const promise = new Promise(resolve => { settle = resolve })
    this.settle = settle
    result.then(this.succeed, this.succeed)
    return promise
  }
}

function guard (CircuitBreaker, options) {
  return new CircuitBreaker(action, options)
}

async function main (name, calls) {
  const guarded = GUARDS[name]()
  for (let call = 0; call < calls; call++) {
    // Under callgrind all takes fifty times as long: turns are to be no longer than a server's.
    if (call % 200 === 0) await turn()
    await guarded.fire(call)
  }
}

module.exports = { NAMES: Object.keys(GUARDS) }

if (require.main === module) main(process.argv[2], Number(process.argv[3])).then(() => process.exit())
