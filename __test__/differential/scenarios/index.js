'use strict'

// Every scenario, by theme. A scenario is an async function of a Recorder (record.js).
//
// Few of them touch what docs call mended, and those are in `differences.js`: most
// mendings have a test of their own.

module.exports = {
  settling: require('./settling'),
  tripping: require('./tripping'),
  recovery: require('./recovery'),
  timeouts: require('./timeouts'),
  capacity: require('./capacity'),
  filtering: require('./filtering'),
  fallbacks: require('./fallbacks'),
  listeners: require('./listeners'),
  lifecycle: require('./lifecycle'),
  options: require('./options'),
  status: require('./status'),
  restoring: require('./restoring'),
  extending: require('./extending'),
  caching: require('./caching'),
  coalescing: require('./coalescing'),
  aborting: require('./aborting'),
  checking: require('./checking'),
  window: require('./window'),
  'edge-cases': require('./edge-cases')
}
