'use strict'

// Who is under experiment.

exports.LIBRARIES = { didelphis: '../..', opossum: 'opossum' }
