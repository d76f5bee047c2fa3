'use strict'

// Sets of options under one name, for who wants good defaults and need not have opossum's. Used
// by the options, and by what lays options over others.

const { defaults } = require('./native/abi')

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

/** What a preset says where `options` say nothing themselves, for calls with that timeout. */
function presetFor (name, options, timeout = options.timeout) {
  if (!isPreset(name)) return {}
  // Of the last calls so many are judged as `window` says.
  const { volumeThreshold, ...others } = structuredClone(PRESETS[name])
  const all = options.window == null ? { volumeThreshold, ...others } : others
  // Those that try are waited for as long as any call.
  const ms = longest(timeout ?? defaults.timeout)
  if (ms > 0 && ms < Infinity && !options.throttle) all.halfOpenTimeout = ms
  return Object.fromEntries(Object.entries(all).filter(([option]) => options[option] == null))
}

/** The options without those that say what the preset said of them: it may say otherwise of others. */
function withoutPreset (options) {
  const said = presetFor(options.preset, { throttle: options.throttle, window: options.window }, options.timeout)
  const own = Object.entries(options).filter(([name, value]) => !(name in said) || value !== said[name])
  return Object.fromEntries(own)
}

// A timeout that is learned is read elsewhere; what makes no sense here is refused there.
function longest (timeout) {
  if (typeof timeout !== 'object') return Number(timeout)
  const { max, min } = timeout
  return max == null ? Math.max(defaults.timeout, Number(min ?? 0)) : Number(max)
}

module.exports = { isPreset, presetFor, withoutPreset }
