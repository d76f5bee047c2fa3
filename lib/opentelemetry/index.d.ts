// The types of `didelphis/opentelemetry`.

/** What is used of a `MeterProvider` of `@opentelemetry/api`: its types are not needed for these. */
export interface MeterProviderLike {
  getMeter (name: string, version?: string): any
}

/**
 * Has the metrics of every breaker of the process, of its workers, too, and of their event loops
 * observed by OpenTelemetry: observable counters and gauges that are read from the native half when
 * a reader collects. No breaker gets a listener, and no call does anything for it. Names and
 * attributes are those of `CircuitBreaker.serve`, in docs/server.md.
 *
 * Needs `@opentelemetry/api` 1.3 or later.
 *
 * @param options - `meterProvider`: whose meter it is; the global one, where none is given
 * @returns a function that ends it
 * @example
 * const { observeBreakers } = require('didelphis/opentelemetry')
 *
 * observeBreakers()
 */
export function observeBreakers (options?: { meterProvider?: MeterProviderLike | undefined }): () => void

/**
 * Has each call through a breaker tell the span that is active where it is made: attributes
 * `didelphis.name`, `didelphis.state` (as the call began) and `didelphis.outcome` (as of
 * {@link import('../../index').CallMessage}). Of several calls in one span the attributes are the
 * last one's; each that did not succeed is an event `didelphis.call` with the same attributes, too.
 *
 * Calls are traced for this by `node:diagnostics_channel`, as long as it goes on.
 *
 * @returns a function that ends it
 */
export function annotateSpans (): () => void
