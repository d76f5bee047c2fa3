// @ts-check
'use strict'

// The ways of plain JavaScript, as an editor checks them.

/* eslint-disable no-unused-vars, no-unused-expressions */

const CircuitBreaker = require('didelphis')
const { CircuitBreaker: Named, default: Default } = require('didelphis')

/** @type {CircuitBreaker<[number], string>} */
const breaker = new CircuitBreaker(async (/** @type {number} */ n) => String(n))
/** @type {Array<CircuitBreaker<[number], string>>} */
const others = [new Named(async (/** @type {number} */ n) => String(n)), new Default(async (/** @type {number} */ n) => String(n))]
/** @type {CircuitBreaker<[number], string>} */
const made = CircuitBreaker(async (/** @type {number} */ n) => String(n))
/** @type {import('didelphis').Options} */
const options = { timeout: 100 }

// @ts-expect-error: takes a number
breaker.fire('5')
// @ts-expect-error: takes a number
others[0]?.fire('5')
// @ts-expect-error: the class is not any
CircuitBreaker.nothing
