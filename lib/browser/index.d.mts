// The types of what browsers and workerd import: an ES module, with the names that `index.js` has. Held to
// those by `__test__/browser/types.test.js`.

import CircuitBreaker from '../../index.js'

export default CircuitBreaker
export { CircuitBreaker }

export const disableAll: typeof CircuitBreaker.disableAll
export const enableAll: typeof CircuitBreaker.enableAll
export const isOurError: typeof CircuitBreaker.isOurError
export const newStatus: typeof CircuitBreaker.newStatus
export const promisify: typeof CircuitBreaker.promisify
export const registry: typeof CircuitBreaker.registry
export const retryBudget: typeof CircuitBreaker.retryBudget
export const serve: typeof CircuitBreaker.serve
export const loop: typeof CircuitBreaker.loop
export const binding: typeof CircuitBreaker.binding

export import Options = CircuitBreaker.Options
export import QueueOptions = CircuitBreaker.QueueOptions
export import ThrottleOptions = CircuitBreaker.ThrottleOptions
export import Backoff = CircuitBreaker.Backoff
export import LearnedTimeout = CircuitBreaker.LearnedTimeout
export import AdaptiveCapacity = CircuitBreaker.AdaptiveCapacity
export import Ended = CircuitBreaker.Ended
export import JudgedWindow = CircuitBreaker.JudgedWindow
export import Retry = CircuitBreaker.Retry
export import RetryDelay = CircuitBreaker.RetryDelay
export import RetryBudgetOptions = CircuitBreaker.RetryBudgetOptions
export import ServeOptions = CircuitBreaker.ServeOptions
export import Server = CircuitBreaker.Server
export import RetryBudget = CircuitBreaker.RetryBudget
export import ResetContext = CircuitBreaker.ResetContext
export import LiveOptions = CircuitBreaker.LiveOptions
export import UpdateOptions = CircuitBreaker.UpdateOptions
export import HealthCheckOptions = CircuitBreaker.HealthCheckOptions
export import RegistryOptions = CircuitBreaker.RegistryOptions
export import Registry = CircuitBreaker.Registry
export import PermitOptions = CircuitBreaker.PermitOptions
export import CallOptions = CircuitBreaker.CallOptions
export import Permit = CircuitBreaker.Permit
export import DrainOptions = CircuitBreaker.DrainOptions
export import ForcedOpen = CircuitBreaker.ForcedOpen
export import MemoryCache = CircuitBreaker.MemoryCache
export import CacheTransport = CircuitBreaker.CacheTransport
export import HystrixStats = CircuitBreaker.HystrixStats
export import Events = CircuitBreaker.Events
export import CallMessage = CircuitBreaker.CallMessage
export import TransitionMessage = CircuitBreaker.TransitionMessage
export import Trip = CircuitBreaker.Trip
export import CircuitBreakerError = CircuitBreaker.CircuitBreakerError
export import Stalls = CircuitBreaker.Stalls
export import Binding = CircuitBreaker.Binding
export import Loop = CircuitBreaker.Loop
export import ProfileOptions = CircuitBreaker.ProfileOptions
export import Profiling = CircuitBreaker.Profiling
export import HeldBy = CircuitBreaker.HeldBy
export import LoopEvents = CircuitBreaker.LoopEvents
export import Status = CircuitBreaker.Status
export import StatusEvents = CircuitBreaker.StatusEvents
export import StatusOptions = CircuitBreaker.StatusOptions
export import Bucket = CircuitBreaker.Bucket
export import Window = CircuitBreaker.Window
export import Stats = CircuitBreaker.Stats
export import State = CircuitBreaker.State
export import Semaphore = CircuitBreaker.Semaphore
