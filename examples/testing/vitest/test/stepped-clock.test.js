// `didelphis/testing` has a clock of its own and breakers in any state. Vitest's fake timers are
// not in place meanwhile: one clock at a time.

import { breakerIn, steppedClock } from 'didelphis/testing'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import Greeter from '../greeter.js'

let clock
beforeEach(() => { clock = steppedClock() })
afterEach(() => clock.end())

const ada = async () => ({ name: 'Ada' })

test('a call that hangs times out', async () => {
  const greeting = new Greeter(() => new Promise(() => {})).greet(1)
  await clock.step(500)
  expect(await greeting).toBe('Hello!')
})

test('after the reset timeout one call tries, and closes the circuit', async () => {
  const greeter = new Greeter(ada)
  greeter.breaker = breakerIn('open', ada, { resetTimeout: 10_000 })
  expect(await greeter.greet(1)).toBe('Hello!')
  await clock.step(10_000)
  expect(greeter.breaker.state).toBe('halfOpen')
  expect(await greeter.greet(1)).toBe('Hello, Ada!')
  expect(greeter.breaker.state).toBe('closed')
})

test('Vitest\'s own fake timers drive such a breaker as well', async () => {
  clock.end()
  vi.useFakeTimers()
  expect(steppedClock).toThrow('Timers are faked already')
  const breaker = breakerIn('open', ada, { resetTimeout: 10_000 })
  await vi.advanceTimersByTimeAsync(10_000)
  expect(breaker.state).toBe('halfOpen')
  vi.useRealTimers()
})
