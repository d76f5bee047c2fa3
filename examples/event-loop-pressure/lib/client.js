'use strict'

// Requests to the proxy from the programs beside it.

/** Asks, and gives the answer's JSON; an answer that is an error rejects. */
async function ask (url, method = 'GET') {
  const response = await fetch(url, { method })
  const answer = await response.json()
  if (!response.ok) throw new Error(`${method} ${url}: ${answer.error ?? response.status}`)
  return answer
}

/** Has the proxy hold its event loop; for 0 ms: no more. */
function setPressure (proxy, { every: [from, to], phase, seed = 1, stall }) {
  if (stall === 0) return ask(`${proxy}/pressure`, 'DELETE')
  return ask(`${proxy}/pressure?stall=${stall}&every=${from}-${to}&phase=${phase}&seed=${seed}`, 'POST')
}

module.exports = { ask, setPressure }
