'use strict'

// Which cells the phases have whose pressure lasts.

const { cover } = require('../cover')

const BACKENDS = ['answers', 'hangs']

// Where calls that are answered leave no room for it, or take the patience of whoever waits.
const SENSELESS = [
  ({ backend, timeout }) => backend === 'answers' && timeout === 10_000,
  ({ backend, legs, timeout }) => backend === 'answers' && legs === 4 && timeout < 250,
  ({ legs, share, timeout }) => timeout * (1 - share) < 12 * legs
]

const COMMON = {
  backend: BACKENDS,
  warm: [0, 5000],
  legs: [1, 4],
  share: [0.2, 0.4, 0.6],
  worker: [false, true],
  transport: ['net', 'http', 'fresh']
}

// Turns longer than a stall, for ever, with a little rest between them or none.
function saturated () {
  const factors = { turn: [55, 70, 120, 250], rest: [0, 1, 10, 30, 60], timeout: [60, 250, 500, 2000, 10_000], ...COMMON }
  return cover(factors, SENSELESS, ['turn', 'rest', 'backend']).sort((a, b) => a.turn - b.turn || a.rest - b.rest)
    .map(cell => ({ budget: 3000, gust: 2, ...cell }))
}

// What is asked of the server: how soon the circuit is open if the upstream hangs.
const SERVERS = [
  { page: 60, load: { clients: 1 }, within: 2000 },
  { page: 60, load: { clients: 4 }, within: 5000 },
  { page: 60, load: { clients: 20 }, within: 15_000 },
  { page: 60, load: { share: 0.9 }, within: 3000 },
  { page: 120, load: { clients: 1 } },
  { page: 120, load: { clients: 4 } },
  { page: 120, load: { clients: 20 } },
  { page: 120, load: { share: 0.9 } }
]

function server () {
  return SERVERS.flatMap(cell => BACKENDS.map(backend => ({ backend, lasts: 15_000, limit: 60_000, ...cell })))
}

const QUOTAS = [{ stopped: 80, every: 100 }, { stopped: 50, every: 100 }, { stopped: 180, every: 200 }]

// A process over its quota. A loop with nothing to do has no timer of a peer's either.
function throttled () {
  const factors = { throttle: QUOTAS, loop: ['idle', 'busy'], timeout: [60, 100, 250, 1000, 5000], ...COMMON }
  return [...shown(4000), ...cover(factors, SENSELESS, ['throttle', 'loop', 'backend']).map(cell => ({ budget: 3000, gust: 2, ...cell }))]
    .map(cell => ({ turn: cell.loop === 'busy' ? 5 : 0, apart: cell.loop === 'idle', ...cell }))
    .sort((a, b) => QUOTAS.indexOf(a.throttle) - QUOTAS.indexOf(b.throttle) || (a.loop < b.loop ? 1 : -1))
}

// Those of the picture.
function shown (budget) {
  return QUOTAS.slice(0, 2).flatMap(throttle => ['idle', 'busy'].flatMap(loop => [
    { throttle, loop, timeout: 60, share: 20 / 60 },
    { throttle, loop, timeout: 100, share: 60 / 100 }
  ].map(cell => ({ ...cell, budget, gust: 3, every: 0.025 * budget, picture: true }))))
}

function frozen () {
  const factors = { loop: ['idle', 'busy'], timeout: [60, 250, 1000, 10_000], ...COMMON, warm: [0, 1] }
  return cover(factors, SENSELESS, ['loop', 'timeout', 'backend'])
    .map(cell => ({ turn: cell.loop === 'busy' ? 5 : 0, apart: cell.loop === 'idle', ...cell }))
}

const VERSIONS = [20, 22, 24, 26]
// 99 a second, as profilers in production do, and one and ten milliseconds.
const PROFILERS = ['cpu-prof', 'prof', 10_101, 1000, 10_000]
const LOOPS = { idle: 0, busy: 20, stalling: 100 }

function profiled () {
  const factors = {
    node: VERSIONS, profiler: PROFILERS, loop: Object.keys(LOOPS), ...COMMON, transport: ['http'], timeout: [250, 1000, 1500]
  }
  return cover(factors, SENSELESS, ['node', 'profiler', 'loop', 'backend']).map(cell => under(cell.loop, cell))
    .sort((a, b) => a.node - b.node || PROFILERS.indexOf(a.profiler) - PROFILERS.indexOf(b.profiler))
}

// One gust of calls on an idle loop, with nothing that wakes it.
function under (loop, cell) {
  return { loop, turn: LOOPS[loop], apart: loop === 'idle', gust: 3, budget: loop === 'idle' ? 100 : 1500, every: 300, ...cell }
}

// Where the loop cannot be measured.
function heartbeat () {
  return ['bun', 'deno'].flatMap(node => [
    ...[0, 10].flatMap(rest => BACKENDS.map(backend => ({ phase: 'saturated', turn: 70, rest, backend }))),
    ...BACKENDS.map(backend => ({ phase: 'saturated', turn: 250, rest: 30, backend, warm: 5000, gust: 2 })),
    ...BACKENDS.map(backend => ({ phase: 'throttled', timeout: 250, backend })),
    ...BACKENDS.map(backend => ({ phase: 'throttled', timeout: 250, backend, loop: 'busy', turn: 5, rest: 1 })),
    ...BACKENDS.map(backend => ({ phase: 'frozen', backend }))
  ].map(cell => ({ node, transport: 'http', ...cell })))
    // There the loop never looks at its sockets.
    .filter(({ node, rest }) => node !== 'deno' || rest !== 0)
}

const WHOLE = { saturated, server, throttled, frozen, profiled, heartbeat }

// For those who wait: where each phase is at its worst.
const QUICK = {
  saturated: () => [
    { turn: 70, rest: 0, backend: 'hangs' },
    { turn: 120, rest: 10, backend: 'hangs', worker: true, warm: 1000, timeout: 250 },
    { turn: 120, rest: 10, backend: 'answers', legs: 4, warm: 1000 },
    { turn: 250, rest: 0, backend: 'answers', timeout: 250, transport: 'http' }
  ],
  server: () => [
    { ...SERVERS[1], backend: 'hangs', limit: 20_000 },
    { ...SERVERS[1], backend: 'answers', lasts: 4000 },
    { ...SERVERS[3], backend: 'hangs', limit: 20_000 }
  ],
  throttled: () => [
    ...shown(2000).slice(0, 4),
    { throttle: QUOTAS[0], loop: 'idle', backend: 'hangs' },
    { throttle: QUOTAS[2], loop: 'busy', backend: 'hangs', timeout: 100 }
  ].map(cell => ({ turn: cell.loop === 'busy' ? 5 : 0, apart: cell.loop === 'idle', ...cell })),
  frozen: () => BACKENDS.map(backend => ({ backend, apart: true, freeze: { stopped: 3000, after: 100, rounds: 1 } })),
  profiled: () => [
    { ...under('idle'), backend: 'hangs', timeout: 1000, profiler: 10_101 },
    { ...under('idle'), backend: 'hangs', timeout: 1500, profiler: 'cpu-prof' },
    { ...under('idle'), backend: 'hangs', timeout: 1000, profiler: 10_000, node: 26 },
    { ...under('stalling'), backend: 'answers', timeout: 250, profiler: 10_101 }
  ],
  heartbeat: () => [
    { node: 'bun', phase: 'saturated', turn: 70, rest: 10, backend: 'hangs' },
    { node: 'deno', phase: 'saturated', turn: 70, rest: 10, backend: 'hangs' }
  ]
}

/** The cells of a phase. */
function cellsOf (phase, quick) {
  return (quick ? QUICK : WHOLE)[phase]().map((cell, i) => ({ phase, seed: i + 1, ...cell }))
}

module.exports = { PHASES: Object.keys(WHOLE), cellsOf }
