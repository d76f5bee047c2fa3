// What the page of the tests does: runs them where its address says, and posts what came of them.

/* global Worker, location */
/* eslint-disable import-x/no-absolute-path -- what the server has at these addresses */

const where = new URLSearchParams(location.search).get('where')

const tell = results => fetch('/results', { method: 'POST', body: JSON.stringify({ where, ...results }) })

/** Loads a script as a tag does. */
function load (address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script')
    script.src = address
    script.onload = resolve
    script.onerror = () => reject(new Error(`${address} cannot be loaded`))
    document.head.append(script)
  })
}

const ways = {
  async main () {
    await load('/dist/didelphis.js')
    await load('/suite.js')
    return globalThis.runTests()
  },

  worker () {
    return new Promise((resolve, reject) => {
      const worker = new Worker('/worker.js')
      worker.onmessage = ({ data }) => resolve(data)
      worker.onerror = event => { if (event.message) reject(new Error(event.message)) }
    })
  },

  async module () {
    const [{ default: CircuitBreaker, promisify }, { load: loadLater }] = await Promise.all([import('/dist/didelphis.mjs'), import('/dist/didelphis.async.mjs')])
    const Later = await loadLater()
    const results = []
    for (const [name, Class] of [['didelphis', CircuitBreaker], ['didelphis/async', Later]]) {
      const breaker = new Class(async value => value, { timeout: 1000 })
      const answer = await breaker.fire('well')
      const isWell = answer === 'well' && breaker.state === 'closed' && typeof promisify === 'function' && !('CircuitBreaker' in globalThis)
      results.push({ name: `${name} as a module`, is: isWell ? 'passed' : 'failed', why: answer })
    }
    return results
  },

  async service () {
    const registration = await navigator.serviceWorker.register('/service.js')
    await navigator.serviceWorker.ready
    return new Promise(resolve => {
      navigator.serviceWorker.onmessage = ({ data }) => resolve(data)
      registration.active.postMessage('run')
      // A service worker that has nothing to do is ended.
      setInterval(() => registration.active.postMessage('stay'), 5_000)
    })
  }
}

try {
  const results = await ways[where]()
  await tell({ results })
  document.body.textContent = 'done'
} catch (error) {
  await tell({ broken: `${error.stack ?? error}` })
}
