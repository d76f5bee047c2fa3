'use strict'

// Health checks. That they end with the breaker is mended and tested elsewhere; here they
// are told to end, so that opossum's leave no trace behind.

const { obey, down, NEVER_MS } = require('./actions')

module.exports = {
  'a check runs before healthCheck has returned': async ({ breaker, note }) => {
    const circuit = breaker(obey)
    note('returns', circuit.healthCheck(async () => note('checked'), NEVER_MS))
  },

  'a check is called with the breaker as this, and nothing else': async ({ breaker, note }) => {
    const circuit = breaker(obey)
    circuit.healthCheck(async function (...args) { note('this, arguments', this === circuit, args) }, NEVER_MS)
  },

  'a failing check emits before it opens, and every time': async ({ breaker, note, until }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    let failures = 0
    circuit.on('healthCheckFailed', () => note('opened', circuit.opened))
    circuit.healthCheck(async () => { if (++failures <= 3) throw down() }, 20)
    await until(() => failures > 3)
  },

  'a check may reject with anything': async ({ breaker, settle }) => {
    for (const reason of [undefined, null, 'ill', 0]) {
      breaker(obey, { resetTimeout: NEVER_MS }).healthCheck(() => Promise.reject(reason), NEVER_MS)
      await settle()
    }
  },

  'the default interval is not at once': async ({ breaker, note, sleep }) => {
    for (const interval of [undefined, null, 0, '']) {
      let checks = 0
      breaker(obey).healthCheck(async () => { checks++ }, interval)
      await sleep(50)
      note('checks', checks)
    }
  },

  'an interval in words of digits': async ({ breaker, until }) => {
    let checks = 0
    breaker(obey).healthCheck(async () => { checks++ }, '20')
    await until(() => checks > 2)
  },

  'an interval must be a number': async ({ breaker, refusal, note }) => {
    const circuit = breaker(obey)
    for (const interval of ['often', {}, () => {}, [1, 2]]) {
      refusal('interval', () => circuit.healthCheck(async () => note('checked'), interval))
    }
    refusal('neither is right', () => circuit.healthCheck('well', 'often'))
  },

  'a check that fails while open leaves it open': async ({ breaker, settle, watch, checkpoint }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    circuit.open()
    circuit.healthCheck(async () => { throw down() }, NEVER_MS)
    await settle()
    checkpoint('open')
    await watch('refused', () => circuit.fire('ignored'))
  },

  'a check that fails while half open opens': async ({ breaker, settle, halfOpened, checkpoint }) => {
    const circuit = breaker(obey, { resetTimeout: 40 })
    circuit.open()
    await halfOpened(circuit)
    circuit.options.resetTimeout = NEVER_MS
    circuit.healthCheck(async () => { throw down() }, NEVER_MS)
    await settle()
    checkpoint('open again')
  },

  'a check that passes does not close': async ({ breaker, settle, checkpoint }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    circuit.open()
    circuit.healthCheck(async () => 'well', NEVER_MS)
    await settle()
    checkpoint('still open')
  },

  'a check that fails after a close opens again': async ({ breaker, until, note }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    let isIll = true
    const check = async () => {
      if (!isIll) return
      isIll = false
      throw down()
    }
    circuit.healthCheck(check, 20)
    await until(() => circuit.opened)
    circuit.close()
    isIll = true
    await until(() => circuit.opened)
    note('open once more')
  },

  'several checks of one breaker': async ({ breaker, settle, until, note }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    const checks = [0, 0]
    circuit.healthCheck(async () => { checks[0]++ }, 20)
    circuit.healthCheck(async () => { if (++checks[1] === 1) throw down() }, 20)
    note('both at once', checks)
    await settle()
    await until(() => checks.every(count => count > 2))
  },

  'one check of several breakers': async ({ breaker, settle }) => {
    const check = async function () { if (this.name === 'ill') throw down() }
    for (const name of ['well', 'ill']) breaker(obey, { name, resetTimeout: NEVER_MS }).healthCheck(check, NEVER_MS)
    await settle()
  },

  'a check that fires the breaker': async ({ breaker, settle }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS, errorThresholdPercentage: 100 })
    circuit.healthCheck(() => circuit.fire(down()), NEVER_MS)
    await settle()
  },

  'a disabled breaker is checked and opens': async ({ breaker, settle, watch, checkpoint }) => {
    const circuit = breaker(obey, { enabled: false, resetTimeout: NEVER_MS })
    circuit.healthCheck(async () => { throw down() }, NEVER_MS)
    await settle()
    checkpoint('open, disabled')
    await watch('unguarded', () => circuit.fire('fine'))
  },

  'a breaker that warms up opens by its check': async ({ breaker, settle, checkpoint }) => {
    const circuit = breaker(obey, { allowWarmUp: true, resetTimeout: NEVER_MS })
    circuit.healthCheck(async () => { throw down() }, NEVER_MS)
    await settle()
    checkpoint('open')
  },

  'a check that takes longer than its interval': async ({ breaker, sleep, until, defer, note }) => {
    const work = defer()
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    let checks = 0
    circuit.healthCheck(() => ++checks === 1 ? work.promise : Promise.resolve(), 20)
    await sleep(150)
    note('begun while the first is under way', checks > 1)
    work.reject(down())
    await until(() => circuit.opened && checks > 3)
  },

  'a listener of a failed check may close again': async ({ breaker, settle, checkpoint }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    circuit.on('healthCheckFailed', () => circuit.close())
    circuit.on('open', () => circuit.close())
    circuit.healthCheck(async () => { throw down() }, NEVER_MS)
    await settle()
    checkpoint('closed by its listener')
  }
}
