'use strict'

/** Milliseconds by a clock that all processes of the machine share. */
const now = () => Number(process.hrtime.bigint()) / 1e6

module.exports = now
