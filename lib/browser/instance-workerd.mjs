// An instance of the module where no bytes may be compiled, as in workerd: it is imported as a file of
// its own, which was compiled as the program was deployed. In the place of `../wasm/instance.js`.
//
// There a timer belongs to the request that set it, and ends with it; before the first request there is none.
// So each request that begins a call sets one for what is awaited next, and none is ever cleared: numbers of
// timers are those of their request alone. One that goes off for nothing asks, and sets the next.

import compiled from 'didelphis.wasm'

const { performance, queueMicrotask, setTimeout } = globalThis

/** An instance that is given these. */
export function instanceWith ({ host }) {
  let dueAt = Infinity
  let isRenewed = false

  const setTimer = ms => {
    dueAt = performance.now() + ms
    start(ms)
  }
  const start = ms => {
    try { setTimeout(onTime, Math.min(Math.ceil(ms), LONGEST_MS)) } catch {}
  }
  const onTime = () => {
    dueAt = Infinity
    if (exports.on_time()) host.wake()
  }
  // Once in what runs in one go, which is of one request.
  const renew = () => {
    if (isRenewed) return
    isRenewed = true
    queueMicrotask(() => { isRenewed = false })
    if (dueAt < Infinity) start(Math.max(dueAt - performance.now(), 0))
  }

  const { exports } = new WebAssembly.Instance(compiled, { host: { ...host, set_timer: setTimer } })
  const renewing = name => (...args) => {
    const result = exports[name](...args)
    renew()
    return result
  }
  return { exports: { ...exports, ...Object.fromEntries(BEGINNINGS.map(name => [name, renewing(name)])) } }
}

// What begins to wait for something.
const BEGINNINGS = ['admit', 'admit_again', 'admit_within', 'begin_probe', 'enter']

const LONGEST_MS = 2 ** 31 - 1
