// The least that a program does, for the oldest TypeScript that reads the declarations: 4.2,
// which knows nothing of `exports` and of much of the syntax in `../usage.ts`. Compiled by
// `.ci/types`.

import CircuitBreaker, { Options } from '../../..'

const options: Options = { timeout: 100 }
const breaker = new CircuitBreaker(async (id: number) => ({ id }), options)
const user: Promise<{ id: number }> = breaker.fire(1)
breaker.on('timeout', (error, ms, args) => { console.log(error.code, ms.toFixed(), args[0].toFixed()) })
breaker.status.on('snapshot', stats => { console.log(stats.fires.toFixed()) })
breaker.fallback((id, error) => ({ id }))
const promisified: (n: number) => Promise<string> =
  CircuitBreaker.promisify((n: number, done: (error: Error | null, text: string) => void) => done(null, String(n)))

export { promisified, user }
