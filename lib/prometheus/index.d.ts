// The types of `didelphis/prometheus`.

/** What is used of a registry of prom-client: its types are not needed for these. */
export interface Register {
  registerMetric (metric: any): void
  removeSingleMetric (name: string): void
}

/**
 * Adds the metrics of every breaker of the process, of its workers, too, and of their event loops to
 * a registry of prom-client. They are read from the native half when the registry is scraped: no
 * breaker gets a listener, and no call does anything for it. Names and labels are those of
 * `CircuitBreaker.serve`, in docs/server.md.
 *
 * @param register - of prom-client, from version 12 on
 * @returns a function that takes them out again
 * @throws TypeError for what is no registry; Error, as prom-client's, where a name is taken
 * @example
 * const { register } = require('prom-client')
 * const { collect } = require('didelphis/prometheus')
 *
 * collect(register)
 * console.log(await register.metrics())
 */
export function collect (register: Register): () => void
