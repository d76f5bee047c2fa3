'use strict'

// Every scenario, by theme. A scenario is an async function of a Recorder (record.js).
//
// None of them touches what docs call mended: where opossum has a defect there is
// nothing to compare, and the mending has a test of its own.

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
  caching: require('./caching')
}
