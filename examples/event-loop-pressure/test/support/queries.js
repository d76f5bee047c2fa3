'use strict'

// The dashboard's questions to Prometheus, and what they are about.

const dashboard = require('../../grafana/dashboard.json')

/** Every expression, and where it is. */
const queries = [
  ...dashboard.panels.flatMap(({ targets, title }) => targets.map(({ expr }) => ({ expr, title }))),
  ...dashboard.annotations.list.map(({ expr, name }) => ({ expr, title: `annotation: ${name}` }))
]

// What looks like a metric and is none.
const WORDS = new Set(['and', 'bool', 'by', 'ignoring', 'offset', 'on', 'or', 'unless', 'without'])

/** The metrics in an expression, and for each the labels that it must have. */
function selectorsIn (expr) {
  const plain = expr.replace(/\b(by|without|on|ignoring)\s*\([^)]*\)/g, '').replace(/\[[^\]]*\]/g, '')
  const found = plain.matchAll(/([a-zA-Z_:][\w:]*)\s*(\{[^}]*\}|\()?/g)
  return [...found]
    .filter(([, name, next]) => next !== '(' && !WORDS.has(name))
    .map(([, name, braces = '']) => ({ name, labels: [...braces.matchAll(/(\w+)\s*(=~|=)\s*"([^"]*)"/g)].map(matcher) }))
}

/** The samples of a text in Prometheus' format. */
function samplesIn (text) {
  return text.split('\n').filter(line => line && !line.startsWith('#')).map(line => {
    const [, name, braces = ''] = /^([\w:]+)(?:\{(.*)\})? /.exec(line)
    return { name, labels: Object.fromEntries([...braces.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value])) }
  })
}

/** Whether one of the samples is what the selector asks for. */
function isThere ({ labels, name }, samples) {
  return samples.some(sample => sample.name === name &&
    labels.every(({ holds, label }) => label in sample.labels && holds(sample.labels[label])))
}

module.exports = { dashboard, isThere, queries, samplesIn, selectorsIn }

function matcher ([, label, operator, value]) {
  const pattern = new RegExp(`^(?:${value})$`)
  return { label, holds: actual => operator === '=' ? actual === value : pattern.test(actual) }
}
