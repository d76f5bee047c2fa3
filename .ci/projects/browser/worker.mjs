// A worker for workerd, which `.ci/loaders workerd` bundles and calls: breakers that all requests share.

import CircuitBreaker, { binding } from 'didelphis'

let backend = 'well'

const answers = {
  well: async () => 'well',
  down: async () => { throw new Error('down') },
  hang: () => new Promise(() => {})
}

const breaker = new CircuitBreaker(() => answers[backend](), { timeout: 300, resetTimeout: 500, volumeThreshold: 3 })
const patient = new CircuitBreaker(name => answers[name](), { timeout: 300, volumeThreshold: 1000 })

export default {
  async fetch (request) {
    const { pathname, searchParams } = new URL(request.url)
    const name = searchParams.get('backend')
    if (pathname === '/patient') {
      return Response.json({ told: await toldOf(patient.fire(name)), state: patient.state })
    }
    backend = name ?? backend
    return Response.json({ told: await toldOf(breaker.fire()), state: breaker.state, kind: binding.kind })
  }
}

function toldOf (promise) {
  return promise.catch(error => error.code ?? error.message)
}
