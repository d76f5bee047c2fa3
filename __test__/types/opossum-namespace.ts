// `import * as`, as it is written for opossum without interop: the namespace is the class.

/* eslint-disable @typescript-eslint/no-unused-vars */

import * as CircuitBreaker from 'opossum'

const breaker: CircuitBreaker<[string], number> = new CircuitBreaker(async (text: string) => text.length, { timeout: 5 })
const options: CircuitBreaker.Options = { status: CircuitBreaker.newStatus({}) }
const stats: CircuitBreaker.Stats = breaker.stats
const ours: boolean = CircuitBreaker.isOurError(new Error('not ours'))
class Named extends CircuitBreaker<[string], number> {}
const named: CircuitBreaker = new Named(async text => text.length, options)
