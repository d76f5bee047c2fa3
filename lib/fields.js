'use strict'

// The private fields of a breaker, which the class and the way of its calls share.
// Symbols, as opossum's are: a Proxy around a breaker sees through them, as it does not
// through `#private` names.

module.exports = {
  CACHE: Symbol('cache'),
  CALLS: Symbol('calls'),
  CLOCK: Symbol('clock'),
  COALESCE_CACHE: Symbol('coalesce-cache'),
  FALLBACK: Symbol('fallback'),
  GROUP: Symbol('group'),
  HEALTH_CHECKS: Symbol('health-checks'),
  HANDLE: Symbol('handle'),
  ID: Symbol('id'),
  LAST_TIMER_AT: Symbol('last-timer-at'),
  LIMITS: Symbol('limits'),
  NAME: Symbol('name'),
  OWNER: Symbol('owner'),
  SEMAPHORE: Symbol('semaphore'),
  STALL_THRESHOLD: Symbol('stall-threshold'),
  STATUS: Symbol('status'),
  TIMED: Symbol('timed'),
  VOLUME_THRESHOLD: Symbol('volume-threshold')
}
