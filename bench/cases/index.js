'use strict'

// The cases that contestants are put through side by side, by theme. A new case is one
// more entry of a list.
//
//   what       said of the case; a function of the size where it has sizes
//   sizes      each is a row of its own. Rows of one case are measured in the same rounds
//   dropIn     only for those who have all that an opossum has
//   takesPart  whether a contestant does, for a size
//   setUp      makes what a contestant is measured on, or nothing where it has no part
//   batch      makes some calls, and returns how many they were. An opossum takes 7 ms for
//              a call of some cases, so their batches are small
//   thorough   not in a quick run

module.exports = {
  success: require('./success'),
  refusal: require('./refusal'),
  failure: require('./failure'),
  timeout: require('./timeout'),
  stats: require('./stats'),
  policies: require('./policies'),
  construction: require('./construction')
}
