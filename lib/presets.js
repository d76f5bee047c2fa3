'use strict'

// Sets of options under one name, for who wants good defaults and need not have opossum's. Used
// by the options, and by what lays options over others.

const PRESETS = {
  modern: {
    rateOf: 'outcomes',
    volumeThreshold: 20,
    resetWindowOnClose: true,
    resetTimeout: { initial: 1000, max: 60_000 }
  }
}

/** Whether there is one of that name. */
function isPreset (name) {
  return Object.hasOwn(PRESETS, name)
}

/** What a preset says where `options` say nothing themselves. */
function presetFor (name, options) {
  if (!isPreset(name)) return {}
  // Of the last calls so many are judged as `window` says.
  const { volumeThreshold, ...others } = PRESETS[name]
  const all = options.window == null ? { volumeThreshold, ...others } : others
  return Object.fromEntries(Object.entries(all).filter(([option]) => options[option] == null))
}

module.exports = { isPreset, presetFor }
