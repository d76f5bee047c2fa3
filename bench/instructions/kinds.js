'use strict'

// Sorts what a profile names into kinds of work, the first that fits.

const KINDS = [
  { kind: 'didelphis, in Rust', color: '#c2410c', fits: ({ object }) => /didelphis[^/]*\.node$/.test(object) },
  {
    kind: 'crossings: N-API and V8\'s calls of it',
    color: '#f59e0b',
    fits: ({ name, object }) => /CallApiCallback|FunctionCallbackWrapper|napi_|v8::External::Value|GetFunctionTemplateData|HandleApiCall/.test(name) ||
      /floor\.node$/.test(object)
  },
  { kind: 'timers of Node', color: '#0e7490', fits: ({ name }) => /uv_|timer|Timer/.test(name) },
  { kind: 'write barriers', color: '#a3a3a3', fits: ({ name }) => /RecordWrite|EphemeronKeyBarrier/.test(name) },
  { kind: 'promises and microtasks', color: '#2563eb', fits: ({ name }) => /Promise|Microtask|Async|Await|Resolve/.test(name) },
  { kind: 'JavaScript, compiled, and V8\'s other builtins', color: '#16a34a', fits: ({ name }) => /^0x|^Builtins_/.test(name) },
  { kind: 'garbage collection and all else', color: '#737373', fits: () => true }
]

/** The instructions of each kind: `functions` are `{ name, object, count }`. */
function byKind (functions) {
  const sums = new Map(KINDS.map(({ kind }) => [kind, 0]))
  for (const entry of functions) {
    const { kind } = KINDS.find(({ fits }) => fits(entry))
    sums.set(kind, sums.get(kind) + entry.count)
  }
  return sums
}

module.exports = { KINDS, byKind }
