'use strict'

const { join } = require('node:path')

// Who is under experiment.

exports.LIBRARIES = { didelphis: join(__dirname, '..', '..'), opossum: 'opossum' }
