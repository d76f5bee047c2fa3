// The service alone: Vitest puts a mock into the place of every method of the breaker.

import CircuitBreaker, { CircuitBreaker as Named, isOurError } from 'didelphis'
import { beforeEach, expect, test, vi } from 'vitest'
import Greeter from '../greeter.js'

vi.mock('didelphis')

beforeEach(() => vi.resetAllMocks())

test('the service guards its backend with a breaker', () => {
  const findUser = () => {}
  const greeter = new Greeter(findUser)

  expect(CircuitBreaker).toHaveBeenCalledTimes(1)
  expect(CircuitBreaker).toHaveBeenCalledWith(findUser, expect.objectContaining({ timeout: 500 }))
  expect(greeter.breaker).toBeInstanceOf(CircuitBreaker)
})

test('what `fire` resolves with is greeted', async () => {
  const findUser = vi.fn()
  vi.mocked(CircuitBreaker.prototype.fire).mockResolvedValue({ name: 'Ada' })
  const greeter = new Greeter(findUser)

  expect(await greeter.greet(7)).toBe('Hello, Ada!')
  expect(greeter.breaker.fire).toHaveBeenCalledWith(7)
  expect(findUser).not.toHaveBeenCalled()
})

test('what `fire` rejects with is not passed on', async () => {
  const greeter = new Greeter(() => {})
  greeter.breaker.fire.mockRejectedValue(Object.assign(new Error('open'), { code: 'EOPENBREAKER' }))

  expect(await greeter.greet(7)).toBe('Hello!')
})

test('everything a breaker has is mocked, what it inherits too', () => {
  const { breaker } = new Greeter(() => {})

  for (const name of ['fire', 'call', 'fallback', 'open', 'close', 'shutdown', 'toJSON', 'on', 'emit']) {
    expect(vi.isMockFunction(breaker[name]), name).toBe(true)
  }
  expect(vi.isMockFunction(isOurError)).toBe(true)
  expect(Named).toBe(CircuitBreaker)
})
