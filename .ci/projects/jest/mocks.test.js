/* global expect, jest, test */

// What users mock for the sake of their own code, Jest hands to packages too.

jest.mock('fs', () => ({ readFileSync: jest.fn() }))
jest.mock('crypto', () => ({ createHash: jest.fn() }))
jest.mock('path', () => ({ join: jest.fn() }))
jest.mock('os')
jest.mock('child_process')
jest.mock('util', () => ({ promisify: jest.fn() }))
jest.mock('stream', () => ({ pipeline: jest.fn() }))
jest.mock('v8', () => ({}))
jest.mock('timers', () => ({}))

const CircuitBreaker = require('didelphis')

test('the mocks are in place', () => {
  expect(require('fs').existsSync).toBe(undefined)
  expect(require('crypto').randomUUID).toBe(undefined)
})

test('a breaker works, also one without a name', async () => {
  const breaker = new CircuitBreaker((() => async value => value)())
  expect(breaker.name).toMatch(/^[0-9a-f-]{36}$/)
  expect(await breaker.fire('value')).toBe('value')
  breaker.shutdown()
})

test('what is wrong with an option is said', () => {
  expect(() => new CircuitBreaker(async () => {}, { timeout: {} })).toThrow(/timeout.*got/)
})

test('a call times out', async () => {
  const breaker = new CircuitBreaker(() => new Promise(() => {}), { timeout: 20 })
  breaker.fallback(() => 'instead')
  expect(await breaker.fire()).toBe('instead')
  expect(breaker.stats.timeouts).toBe(1)
  breaker.shutdown()
})
