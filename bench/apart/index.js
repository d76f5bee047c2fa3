'use strict'

// What is measured of each contestant in a process of its own.
//
//   rows      what each of the measured values is, and its unit
//   takesPart whether a contestant does
//   measure   gives the values, by the keys of the rows
//   rounds    how often, the contestants taking turns
//   flags     of the process
//   thorough  not in a quick run

module.exports = {
  memory: require('./memory'),
  'memory-full': require('./memory-full'),
  idle: require('./idle'),
  hour: require('./hour'),
  lateness: require('./lateness'),
  burst: require('./burst'),
  server: require('./server')
}
