'use strict'

// The binary that was built in this clone. Not published: a bundler would have to guess what
// is meant. Used by the loader.

const platformName = require('./platform')

module.exports = require(`../didelphis.${platformName()}.node`)
