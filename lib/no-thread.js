'use strict'

// A process that can have no more threads: the loop does the work of the timer thread, by
// its own timers, until there is a thread to be had. Used by the pump of wake-ups.

const { work } = require('./native/crossings')
const { handlers } = require('./native/pump')
const { warnOnce } = require('./warnings')

let timer

handlers.onNoThread = () => {
  // What has been asked for may be nearer than the timer.
  clearTimeout(timer)
  warn()
  drive()
}

function drive () {
  const ms = work()
  if (ms < 0) return
  timer = setTimeout(drive, Math.min(ms, LONGEST_MS))
  timer.unref?.()
}

// Not longer than this goes by before the thread is tried for again.
const LONGEST_MS = 1000

function warn () {
  warnOnce(
    'DIDELPHIS_NO_THREAD',
    'No thread can be had for timeouts (the limit of processes and threads may be reached): ' +
    'they are told by the timers of the event loop until there is one.'
  )
}
