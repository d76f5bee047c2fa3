// What a page imports, by the condition `browser`.

import CircuitBreaker, { binding, retryBudget } from 'didelphis'
import type { Binding, RetryBudget } from 'didelphis'
import { load } from 'didelphis/async'

const kind: Binding['kind'] = binding.kind
const budget: RetryBudget = retryBudget()
const Later: typeof CircuitBreaker = await load()
const breaker = new Later(async (n: number) => String(n), { timeout: 100 })
const fired: string = await breaker.fire(5)

// @ts-expect-error -- the ES module that browsers get cannot have it: it would be made for whoever imports the class
import type { stats } from 'didelphis'

export { budget, fired, kind }
