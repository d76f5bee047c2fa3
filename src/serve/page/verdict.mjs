// Whose an opening was: somebody's who asked for it, the loop's, or the service's. Pure.

import { duration, place, words } from './format.mjs'

// What is to blame for an opening came before it: calls that were late during a stall are told
// right after it.
const BEFORE = 2_000

// By somebody's hand, or by a health check.
const BY_HAND = ['open']

/** `{ is, text }`: `is` is `hand`, `loop`, `service`, or `unknown` where the loop was not yet watched. */
export function verdict ({ at, trip }, loop) {
  if (BY_HAND.includes(trip.reason)) return { is: 'hand', text: 'asked for' }
  const stalled = loop?.stalledBefore(at, BEFORE) ?? 0
  if (stalled > 0) {
    const held = loop.heldBefore(at, BEFORE)
    return { is: 'loop', text: `loop stalled ${duration(stalled)}${held ? ` in ${place(held)}` : ''}` }
  }
  if (!loop || !(loop.series.t[0] <= at)) return { is: 'unknown', text: 'before this page' }
  return { is: 'service', text: 'loop was free' }
}

/** Why it opened, in words. */
export function reason ({ reason, failures, slowCalls, calls, percentage, threshold }) {
  if (BY_HAND.includes(reason)) return 'by command'
  const what = slowCalls != null ? `${slowCalls} of ${calls} calls were slow` : `${failures} of ${calls} calls failed`
  const counted = calls > 0 ? what : failures > 0 ? `${failures} calls failed` : ''
  const share = percentage != null && threshold != null && calls > 0 ? ` (${Number(percentage.toFixed(1))} %, limit ${threshold})` : ''
  if (reason === 'probe') return 'a probe failed'
  return /^(errorThreshold|slowCallThreshold)Percentage$/.test(reason) && counted ? counted + share : [words(reason), counted].filter(Boolean).join(': ')
}
