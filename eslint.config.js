'use strict'

const neostandard = require('neostandard')

module.exports = neostandard({ ts: true, ignores: ['target/', 'node_modules/', 'examples/testing/'] })
