'use strict'

// What happens in the demo, act by act, and when. A step of an act says how the backend is,
// and what this process does beside its calls.

const ACTS = [
  {
    title: 'The backend is slow',
    steps: [{ backend: 'well', seconds: 2 }, { backend: 'slow', seconds: 3 }, { backend: 'well', seconds: 2.5 }]
  },
  {
    title: 'The backend is down',
    steps: [{ backend: 'down', seconds: 2.5 }, { backend: 'well', seconds: 2.5 }]
  },
  {
    title: 'This process stalls, 400 ms at a time; the backend is well',
    steps: [{ backend: 'well', seconds: 4, load: 'stalls' }, { backend: 'well', seconds: 2 }]
  },
  {
    title: 'This process never rests, and the backend hangs',
    steps: [{ backend: 'hangs', seconds: 3, load: 'never rests' }, { backend: 'well', seconds: 3 }]
  }
]

/** All steps in order, each with its act, and when it begins and ends in seconds. */
const STEPS = []
for (const [index, { steps, title }] of ACTS.entries()) {
  for (const step of steps) {
    const begins = STEPS.at(-1)?.ends ?? 0
    STEPS.push({ ...step, act: index + 1, title, begins, ends: begins + step.seconds })
  }
}

const DURATION = STEPS.at(-1).ends

/** Whether something is wrong in a step: with the backend, or with this process. */
function isTrouble ({ backend, load }) {
  return backend !== 'well' || load !== undefined
}

module.exports = { ACTS, DURATION, STEPS, isTrouble }
