// A breaker lives by the clock that is in place when it is fired.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import Greeter from '../greeter.js'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const ada = async () => ({ name: 'Ada' })
const hangs = () => new Promise(() => {})
const fails = async () => { throw new Error('down') }

test('a call that hangs times out', async () => {
  const greeter = new Greeter(hangs)
  const timedOut = vi.fn()
  greeter.breaker.on('timeout', timedOut)

  const greeting = greeter.greet(1)
  await vi.advanceTimersByTimeAsync(499)
  expect(timedOut).not.toHaveBeenCalled()

  await vi.advanceTimersByTimeAsync(1)
  expect(timedOut).toHaveBeenCalledTimes(1)
  expect(timedOut.mock.calls[0][0].code).toBe('ETIMEDOUT')
  expect(await greeting).toBe('Hello!')
})

test('a call that is answered in time does not', async () => {
  const slow = () => new Promise(resolve => setTimeout(resolve, 400, { name: 'Ada' }))
  const greeter = new Greeter(slow)

  const greeting = greeter.greet(1)
  await vi.advanceTimersByTimeAsync(400)
  expect(await greeting).toBe('Hello, Ada!')

  await vi.advanceTimersByTimeAsync(1_000)
  expect(greeter.breaker.stats).toMatchObject({ successes: 1, timeouts: 0, latencyMean: 400 })
})

test('the circuit opens, half opens after the reset timeout, and closes', async () => {
  const findUser = vi.fn(fails)
  const greeter = new Greeter(findUser)
  const { breaker } = greeter
  const halfOpened = vi.fn()
  breaker.on('halfOpen', halfOpened)

  await greeter.greet(1)
  expect(breaker.opened).toBe(true)

  await vi.advanceTimersByTimeAsync(9_999)
  expect(await greeter.greet(1)).toBe('Hello!')
  expect(findUser).toHaveBeenCalledTimes(1)

  await vi.advanceTimersByTimeAsync(1)
  expect(halfOpened).toHaveBeenCalledWith(10_000)
  expect(breaker.halfOpen).toBe(true)

  findUser.mockImplementation(ada)
  expect(await greeter.greet(1)).toBe('Hello, Ada!')
  expect(breaker.closed).toBe(true)
})

test('the rolling window forgets', async () => {
  const greeter = new Greeter(ada, { rollingCountTimeout: 10_000, rollingCountBuckets: 10 })
  const { breaker } = greeter

  await greeter.greet(1)
  await vi.advanceTimersByTimeAsync(5_000)
  await greeter.greet(2)
  expect(breaker.stats.fires).toBe(2)

  await vi.advanceTimersByTimeAsync(5_000)
  expect(breaker.stats.fires).toBe(1)

  await vi.advanceTimersByTimeAsync(5_000)
  expect(breaker.stats.fires).toBe(0)
})
