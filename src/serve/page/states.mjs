// The states that a breaker can be in: what they are called, and how much trouble each is.

export const STATES = {
  open: { word: 'open', trouble: 5, height: 1 },
  halfOpen: { word: 'half open', trouble: 4, height: 0.62 },
  forcedOpen: { word: 'forced open', trouble: 3, height: 1 },
  disabled: { word: 'disabled', trouble: 1, height: 0.36 },
  metricsOnly: { word: 'metrics only', trouble: 0, height: 0.36 },
  closed: { word: 'closed', trouble: 0, height: 0.22 }
}

/** One that a newer server may know and this page does not, is shown by its name. */
export function stateOf (state) {
  return STATES[state] ?? { word: String(state), trouble: 2, height: 0.5 }
}

export const wordOf = state => stateOf(state).word
