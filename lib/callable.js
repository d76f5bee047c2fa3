// @ts-nocheck -- TypeScript does not know functions that are classes.
'use strict'

// The class as a function that may be called with or without `new`: programs written
// for opossum 1 call it without. Used by the class alone.

const { EventEmitter } = require('./builtins')

// The method that does what a constructor would.
const BUILD = Symbol('build')

/**
 * A function that is the class to whoever uses it as one, and may be called. It makes
 * its objects itself: if it left that to another constructor, by Reflect.construct, V8
 * would give each of them a hidden class of its own.
 */
function callable (Class) {
  function Callable (action, options = {}) {
    if (new.target === undefined && !isUnbuilt(this)) return new Callable(action, copied(options))
    EventEmitter.call(this)
    this[BUILD](action, options)
  }
  // An object of a class written as a function, which calls this as its parent.
  const isUnbuilt = object => object instanceof Callable && object.options === undefined
  Object.setPrototypeOf(Callable, EventEmitter)
  // Statics, name and prototype: as hidden from loops as a class has them.
  const { length, ...descriptors } = Object.getOwnPropertyDescriptors(Class)
  Object.defineProperties(Callable, descriptors)
  Object.defineProperty(Class.prototype, 'constructor', { value: Callable })
  return Callable
}

module.exports = { BUILD, callable }

// The options of opossum 1 were a copy: programs give one object to several breakers,
// and may change it in between.
function copied (options) {
  return options === null || typeof options === 'object' ? { ...options } : options
}
