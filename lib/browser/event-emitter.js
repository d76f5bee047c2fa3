'use strict'

// An EventEmitter for where there is none of Node's: the same methods, events and fields (`emit.js`
// reads those), held against Node's own by `__test__/browser/event-emitter.test.js`. Stands in the place of `node:events` in
// what is built for browsers.
//
// Of Node's it lacks what nobody asks of a breaker: `captureRejections`, and the statics `on` and `once`.

const { inspect } = require('./inspect')

/** A function, for `callable.js` calls it on what is to become an emitter. */
function EventEmitter () {
  // A prototype that is an emitter itself has listeners of its own.
  if (this._events === undefined || this._events === Object.getPrototypeOf(this)._events) clear(this)
  this._maxListeners = this._maxListeners || undefined
}

EventEmitter.defaultMaxListeners = 10
EventEmitter.errorMonitor = Symbol('events.errorMonitor')
EventEmitter.EventEmitter = EventEmitter

// Of a name the listener, or several in an array.
const prototype = {
  _events: undefined,
  _eventsCount: 0,
  _maxListeners: undefined,

  setMaxListeners (count) {
    this._maxListeners = limit(count)
    return this
  },

  getMaxListeners () {
    return this._maxListeners ?? EventEmitter.defaultMaxListeners
  },

  emit (name, ...args) {
    const events = this._events
    if (name === 'error') {
      if (events?.[EventEmitter.errorMonitor] !== undefined) this.emit(EventEmitter.errorMonitor, ...args)
      if (events?.error === undefined) throw unhandled(args[0])
    }
    const heard = events?.[name]
    if (heard === undefined) return false
    if (typeof heard === 'function') {
      Reflect.apply(heard, this, args)
    } else {
      // Those that are there now hear it, whatever they do to each other.
      for (const listener of heard.slice()) Reflect.apply(listener, this, args)
    }
    return true
  },

  on (name, listener) {
    return add(this, name, listener, false)
  },

  prependListener (name, listener) {
    return add(this, name, listener, true)
  },

  once (name, listener) {
    check(listener)
    return this.on(name, onceOnly(this, name, listener))
  },

  prependOnceListener (name, listener) {
    check(listener)
    return this.prependListener(name, onceOnly(this, name, listener))
  },

  removeListener (name, listener) {
    check(listener)
    const heard = this._events?.[name]
    if (heard === undefined) return this
    if (isOf(heard, listener)) {
      drop(this, name)
      if (this._events.removeListener) this.emit('removeListener', name, heard.listener || listener)
    } else if (typeof heard !== 'function') {
      // The one that was added last.
      const place = heard.findLastIndex(one => isOf(one, listener))
      if (place < 0) return this
      heard.splice(place, 1)
      if (heard.length === 1) this._events[name] = heard[0]
      if (this._events.removeListener !== undefined) this.emit('removeListener', name, listener)
    }
    return this
  },

  removeAllListeners (name) {
    const events = this._events
    if (events === undefined) return this
    const all = arguments.length === 0
    if (events.removeListener === undefined) {
      if (all) clear(this)
      else if (events[name] !== undefined) drop(this, name)
    } else if (all) {
      for (const key of Reflect.ownKeys(events)) {
        if (key !== 'removeListener') this.removeAllListeners(key)
      }
      this.removeAllListeners('removeListener')
      clear(this)
    } else {
      const heard = events[name]
      if (typeof heard === 'function') this.removeListener(name, heard)
      // They leave it one by one, and others may come and go meanwhile.
      else for (let place = (heard?.length ?? 0) - 1; place >= 0; place--) this.removeListener(name, heard[place])
    }
    return this
  },

  listeners (name) {
    return this.rawListeners(name).map(listener => listener.listener || listener)
  },

  rawListeners (name) {
    const heard = this._events?.[name]
    return heard === undefined ? [] : typeof heard === 'function' ? [heard] : heard.slice()
  },

  listenerCount (name, listener) {
    const heard = this.rawListeners(name)
    return listener ? heard.filter(one => isOf(one, listener)).length : heard.length
  },

  eventNames () {
    return this._eventsCount > 0 ? Reflect.ownKeys(this._events) : []
  }
}

EventEmitter.prototype = Object.assign(EventEmitter.prototype, prototype)
EventEmitter.prototype.addListener = EventEmitter.prototype.on
EventEmitter.prototype.off = EventEmitter.prototype.removeListener

module.exports = { EventEmitter }

function add (emitter, name, listener, first) {
  check(listener)
  if (emitter._events === undefined) clear(emitter)
  // Told before it is there: whoever hears that would be told of himself otherwise.
  else if (emitter._events.newListener !== undefined) emitter.emit('newListener', name, listener.listener ?? listener)
  const events = emitter._events
  const heard = events[name]
  if (heard === undefined) {
    events[name] = listener
    emitter._eventsCount++
  } else if (typeof heard === 'function') {
    events[name] = first ? [listener, heard] : [heard, listener]
  } else if (first) {
    heard.unshift(listener)
  } else {
    heard.push(listener)
  }
  if (typeof events[name] !== 'function') warnOfLeak(emitter, name, events[name])
  return emitter
}

function clear (emitter) {
  emitter._events = Object.create(null)
  emitter._eventsCount = 0
}

function drop (emitter, name) {
  if (--emitter._eventsCount === 0) emitter._events = Object.create(null)
  else delete emitter._events[name]
}

function isOf (heard, listener) {
  return heard === listener || heard.listener === listener
}

function onceOnly (emitter, name, listener) {
  let isDone = false
  const heard = function (...args) {
    if (isDone) return
    emitter.removeListener(name, heard)
    isDone = true
    return Reflect.apply(listener, emitter, args)
  }
  heard.listener = listener
  return heard
}

function check (listener) {
  if (typeof listener === 'function') return
  const message = `The "listener" argument must be of type function. Received ${listener == null ? listener : inspect(listener)}`
  throw Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' })
}

function limit (count) {
  if (typeof count === 'number' && count >= 0) return count
  const message = `The value of "setMaxListeners" is out of range. It must be a non-negative number. Received ${inspect(count)}`
  throw Object.assign(new RangeError(message), { code: 'ERR_OUT_OF_RANGE' })
}

function unhandled (error) {
  if (error instanceof Error) return error
  const message = `Unhandled error. (${inspect(error)})`
  return Object.assign(new Error(message), { code: 'ERR_UNHANDLED_ERROR', context: error })
}

function warnOfLeak (emitter, name, heard) {
  const most = emitter.getMaxListeners()
  if (most === 0 || heard.length <= most || heard.warned) return
  heard.warned = true
  console.warn(`Possible EventEmitter memory leak detected. ${heard.length} ${String(name)} listeners added: ` +
    'use setMaxListeners() where that is meant')
}
