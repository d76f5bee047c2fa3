'use strict'

// The EventEmitter of what is built for browsers, beside Node's own: random programs see the same
// of both, fields included, also where listeners change what they are part of, and throw.

const assert = require('node:assert/strict')
const { EventEmitter: Nodes } = require('node:events')
const { describe, test } = require('node:test')

const { EventEmitter: Ours } = require('../../lib/browser/event-emitter')

const PROGRAMS = 2000
const STEPS = 30
const DEEPEST = 3
const MOST = 200
const SYMBOL = Symbol('named')
// Where lists are copied, other things are seen by those who hear of a removal and remove themselves: Node.js of late is
// asked for the rest alone.
const NAMES = ['a', 'a', 'b', SYMBOL, 'error', 'newListener', ...changesCopies(Nodes) ? [] : ['removeListener']]
const LISTENERS = 6

test('random programs see the same of both', () => {
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    assert.deepEqual(play(Ours, seed), play(Nodes, seed), `seed ${seed}`)
  }
})

describe('what programs do not draw', () => {
  for (const [name, EventEmitter] of [['ours', Ours], ["Node's", Nodes]]) {
    test(`a prototype that is an emitter keeps its listeners to itself: ${name}`, () => {
      const parent = new EventEmitter()
      parent.on('a', () => {})
      function Child () { EventEmitter.call(this) }
      Child.prototype = parent
      const child = new Child()
      assert.equal(child.listenerCount('a'), 0)
      child.on('b', () => {})
      assert.deepEqual(parent.eventNames(), ['a'])
    })

    test(`the monitor of errors hears them, and does not handle them: ${name}`, () => {
      const emitter = new EventEmitter()
      const heard = []
      emitter.on(EventEmitter.errorMonitor, error => heard.push(error.message))
      assert.throws(() => emitter.emit('error', new Error('loud')), /loud/)
      assert.deepEqual(heard, ['loud'])
    })

    test(`what is no error is thrown in one: ${name}`, () => {
      assert.throws(() => new EventEmitter().emit('error', 'a word'), { code: 'ERR_UNHANDLED_ERROR', context: 'a word', message: "Unhandled error. ('a word')" })
    })

    test(`a number of listeners that makes no sense is refused: ${name}`, () => {
      for (const count of [-1, NaN, '1', undefined]) assert.throws(() => new EventEmitter().setMaxListeners(count), { code: /ERR_OUT_OF_RANGE|ERR_INVALID_ARG_TYPE/ })
      assert.equal(new EventEmitter().setMaxListeners(3).getMaxListeners(), 3)
      assert.equal(new EventEmitter().getMaxListeners(), EventEmitter.defaultMaxListeners)
    })
  }
})

test('more listeners than are allowed are warned of once a name', t => {
  const warn = t.mock.method(console, 'warn', () => {})
  const emitter = new Ours()
  for (let i = 0; i < 13; i++) emitter.on('a', () => {})
  for (let i = 0; i < 10; i++) emitter.on('b', () => {})
  emitter.setMaxListeners(0)
  for (let i = 0; i < 20; i++) emitter.on('c', () => {})
  assert.deepEqual(warn.mock.calls.map(call => /^Possible EventEmitter memory leak detected\. 11 (\w) listeners/.exec(call.arguments[0])?.[1]), ['a'])
})

test('every method of Node\'s is there, but for what promises do', () => {
  const methods = ({ prototype }) => Reflect.ownKeys(prototype).filter(name => typeof name === 'string').sort()
  assert.deepEqual(methods(Ours), methods(Nodes))
})

/** Whether a list is left as it is while it is told, and a copy of it changed. */
function changesCopies (EventEmitter) {
  const emitter = new EventEmitter()
  const leave = () => { emitter.off('a', leave) }
  emitter.on('a', leave).on('a', () => {}).on('a', () => {})
  const before = emitter._events.a
  emitter.emit('a')
  return emitter._events.a !== before
}

/** Plays a program on an emitter: all that was seen, in words. */
function play (EventEmitter, seed) {
  const draw = drawer(seed)
  const pick = list => list[Math.floor(draw() * list.length)]
  const emitter = new EventEmitter()
  const seen = []
  let depth = 0
  let steps = 0

  const listeners = Array.from({ length: LISTENERS }, (_, index) => function listener (...args) {
    seen.push(`${index} hears ${args.map(named)}${this === emitter ? '' : ', of somebody else'}`)
    const deed = draw()
    if (deed < 0.1) throw new Error(`of ${index}`)
    if (deed < 0.4 && depth < DEEPEST && steps < MOST) step()
  })

  function named (value) {
    if (typeof value !== 'function') return String(value)
    const index = listeners.indexOf(value)
    return index >= 0 ? `#${index}` : value.listener ? `once(${named(value.listener)})` : 'a stranger'
  }

  function step () {
    depth++
    steps++
    const name = pick(NAMES)
    const listener = draw() < 0.02 ? pick([undefined, null, 'text', {}]) : pick(listeners)
    const method = pick(['on', 'on', 'addListener', 'prependListener', 'once', 'prependOnceListener', 'off', 'removeListener',
      'removeAllListeners', 'emit', 'emit', 'emit', 'look', 'removeRaw'])
    seen.push(`${method} ${String(name)} ${named(listener)}`)
    try {
      seen.push(answer(method, name, listener))
    } catch (error) {
      seen.push(`threw ${error.code ?? ''} ${error.code === 'ERR_INVALID_ARG_TYPE' ? '' : error.message}`)
    }
    depth--
  }

  function answer (method, name, listener) {
    switch (method) {
      case 'emit': return `${emitter.emit(name, ...[1, 'two', SYMBOL].slice(0, Math.floor(draw() * 4)))}`
      case 'removeAllListeners': return `${(draw() < 0.3 ? emitter.removeAllListeners() : emitter.removeAllListeners(name)) === emitter}`
      case 'removeRaw': return `${emitter.off(name, emitter.rawListeners(name)[0]) === emitter}`
      case 'look': return [
        emitter.listenerCount(name), emitter.listenerCount(name, listener), emitter.eventNames().map(String),
        emitter.listeners(name).map(named), emitter.rawListeners(name).map(named)
      ].join(' | ')
      default: return `${emitter[method](name, listener) === emitter}`
    }
  }

  for (let i = 0; i < STEPS; i++) {
    step()
    const fields = Reflect.ownKeys(emitter._events).map(name => [String(name), shown(emitter._events[name])])
    seen.push(JSON.stringify([emitter._eventsCount, fields]))
  }
  return seen

  function shown (heard) {
    return typeof heard === 'function' ? named(heard) : Array.from(heard, named)
  }
}

function drawer (seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
