'use strict'

// The metrics of all breakers in your own registry of prom-client, and calls as a tracer sees them.

const { tracingChannel } = require('node:diagnostics_channel')
const { Registry } = require('prom-client')

const CircuitBreaker = require('..')
const { collect } = require('../lib/prometheus') // require('didelphis/prometheus')

async function main () {
  const register = new Registry()
  collect(register)
  const outcomes = []
  tracingChannel('didelphis:call').subscribe({ asyncEnd: ({ outcome }) => outcomes.push(outcome) })

  let isIll = false
  const breaker = new CircuitBreaker(async () => { if (isIll) throw new Error('ill') }, {
    name: 'backend', labels: { zone: 'a' }, volumeThreshold: 5
  })
  for (let call = 0; call < 12; call++) {
    isIll = call > 2
    await breaker.fire().catch(() => {})
  }

  console.log(`A tracer saw: ${outcomes.join(', ')}\n`)
  const page = await register.metrics()
  console.log(page.split('\n').filter(line => /^didelphis_(calls|trips|state)/.test(line) && !line.endsWith(' 0')).join('\n'))
}

main()
