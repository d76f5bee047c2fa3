'use strict'

// `didelphis/prometheus`: the metrics of all breakers in the user's own registry of prom-client. Knows
// of prom-client no more than what a registry asks of a metric; requires nothing of it.

const { performance } = require('../builtins')
const { Readings, metrics } = require('../readings')

/**
 * Adds the metrics of all breakers of the process, and of its event loops, to a registry. Gives what
 * takes them out again.
 */
function collect (register) {
  if (typeof register?.registerMetric !== 'function' || typeof register.removeSingleMetric !== 'function') {
    throw new TypeError("collect() takes a registry of prom-client, as require('prom-client').register")
  }
  const scrapes = new Scrapes()
  const added = []
  const stop = () => {
    // Others may have been put in their place meanwhile.
    for (const { key, metric } of added) if (register.getSingleMetric?.(key) === metric) register.removeSingleMetric(key)
  }
  try {
    for (const [place, { help, kind, name }] of Object.entries(metrics)) {
      const metric = new Metric(scrapes, place, name, help, kind)
      register.registerMetric(metric)
      added.push({ key: name, metric })
    }
  } catch (error) {
    // All of them or none.
    stop()
    throw error
  }
  return stop
}

module.exports = { collect }

// What registries of prom-client ask of a metric: all versions alike, though later ones wait for `get`.
class Metric {
  #scrapes
  #place

  constructor (scrapes, place, name, help, type) {
    this.#scrapes = scrapes
    this.#place = place
    // In the format of OpenMetrics it is given another.
    this.name = name
    this.help = help
    this.type = type
    // How those of several processes of a cluster are put together.
    this.aggregator = place === 'LOOP_LAG' ? 'max' : 'sum'
  }

  get () {
    const { aggregator, help, name, type } = this
    const samples = this.#scrapes.read(this.#place)
    const values = samples.map(({ labels, part, value }) => part === undefined ? { labels, value } : { labels, metricName: name + part, value })
    return { aggregator, help, name, type, values }
  }

  /** What is counted is the breakers'. */
  reset () {}
}

// All metrics that are asked for in one piece are of one moment.
class Scrapes {
  #readings = new Readings()
  #reading = undefined
  #readAt = NaN
  #told = new Set()

  read (place) {
    const now = performance.now()
    // One that is asked for again is of another scrape.
    if (this.#reading === undefined || this.#told.has(place) || now - this.#readAt > LONGEST_MS) {
      this.#reading = this.#readings.read()
      this.#readAt = now
      this.#told.clear()
    }
    this.#told.add(place)
    const samples = this.#reading[place]()
    if (this.#told.size === PLACES) this.#reading = undefined
    return samples
  }
}

const PLACES = Object.keys(metrics).length
// For so long at the most one reading is told.
const LONGEST_MS = 100
