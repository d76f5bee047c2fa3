// The imports of an ES module, as they are written for opossum.

import CircuitBreaker from 'opossum'
import * as namespace from 'opossum'
import type { Options, Stats } from 'opossum'

const breaker: CircuitBreaker<[string], number> = new CircuitBreaker(async (text: string) => text.length, { timeout: 5 })
const options: Options & CircuitBreaker.Options & namespace.Options = { status: CircuitBreaker.newStatus({}) }
const stats: Stats & CircuitBreaker.Stats = breaker.stats
const same: typeof CircuitBreaker = namespace.default
const dynamic: typeof CircuitBreaker = (await import('opossum')).default
const length: number = await new dynamic(async (text: string) => text.length, options).fire('text')
class Named extends same<[string], number> {}
const named: CircuitBreaker = new Named(async text => text.length, options)
