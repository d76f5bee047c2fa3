'use strict'

/* global CircuitBreaker, document */

// `didelphis.js` has put the class in a global: `CircuitBreaker`. With a bundler it would be
//
//   import CircuitBreaker from 'didelphis'

let reached = 0

async function askForWeather () {
  reached++
  const response = await fetch('weather')
  if (!response.ok) throw new Error(`The server says ${response.status}`)
  return response.text()
}

const breaker = new CircuitBreaker(askForWeather, {
  timeout: 2000,
  resetTimeout: 3000,
  // Two failures in a row are enough: a page makes few calls.
  consecutiveFailures: 2
})

for (const event of ['open', 'halfOpen', 'close']) breaker.on(event, show)

const byId = id => document.getElementById(id)

byId('ask').addEventListener('click', async () => {
  const began = performance.now()
  const reachedBefore = reached
  let told, kind
  try {
    told = await breaker.fire()
    kind = 'well'
  } catch (error) {
    told = error.message
    kind = reached === reachedBefore ? 'refused' : 'failed'
  }
  const line = document.createElement('li')
  line.className = kind
  const how = kind === 'refused' ? ' – refused here, not asked' : ''
  line.textContent = `${told}${how} (${(performance.now() - began).toFixed(1)} ms)`
  byId('log').prepend(line)
  show()
})

byId('switch').addEventListener('click', async ({ currentTarget: button }) => {
  const isDown = button.getAttribute('aria-pressed') !== 'true'
  await fetch(isDown ? 'down' : 'up', { method: 'POST' })
  button.setAttribute('aria-pressed', String(isDown))
  button.textContent = isDown ? 'Bring the server back' : 'Take the server down'
})

function show () {
  const { state, stats } = breaker
  byId('state').textContent = { halfOpen: 'half open' }[state] ?? state
  byId('state').dataset.is = state
  byId('why').textContent = state === 'open' ? breaker.explain() : ''
  byId('reached').textContent = String(reached)
  byId('asked').textContent = String(stats.fires)
}
