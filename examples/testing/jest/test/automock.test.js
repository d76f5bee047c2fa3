'use strict'

// The service alone: Jest puts a mock into the place of every method of the breaker.

const CircuitBreaker = require('didelphis')
const Greeter = require('../greeter')

jest.mock('didelphis')

beforeEach(() => jest.resetAllMocks())

test('the service guards its backend with a breaker', () => {
  const findUser = () => {}
  const greeter = new Greeter(findUser)

  expect(CircuitBreaker).toHaveBeenCalledTimes(1)
  expect(CircuitBreaker).toHaveBeenCalledWith(findUser, expect.objectContaining({ timeout: 500 }))
  expect(greeter.breaker).toBeInstanceOf(CircuitBreaker)
})

test('what `fire` resolves with is greeted', async () => {
  const findUser = jest.fn()
  CircuitBreaker.prototype.fire.mockResolvedValue({ name: 'Ada' })
  const greeter = new Greeter(findUser)

  expect(await greeter.greet(7)).toBe('Hello, Ada!')
  expect(CircuitBreaker.prototype.fire).toHaveBeenCalledWith(7)
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
    expect(jest.isMockFunction(breaker[name])).toBe(true)
  }
  expect(jest.isMockFunction(CircuitBreaker.isOurError)).toBe(true)
  expect(CircuitBreaker.default).toBe(CircuitBreaker)
  expect(CircuitBreaker.CircuitBreaker).toBe(CircuitBreaker)
})
