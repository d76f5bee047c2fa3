// The default import, as it is written for opossum with interop.

/* eslint-disable @typescript-eslint/no-unused-vars */

import CircuitBreaker from 'opossum'
import Breaker, { type Options } from 'opossum'
import type TypeOnly from 'opossum'

const breaker: CircuitBreaker<[string], number> = new CircuitBreaker(async (text: string) => text.length, { timeout: 5 })
const options: Options & CircuitBreaker.Options = { status: Breaker.newStatus({}) }
const stats: CircuitBreaker.Stats = breaker.stats
class Named extends Breaker<[string], number> {}
const named: Breaker & TypeOnly = new Named(async text => text.length, options)
