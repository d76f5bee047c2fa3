'use strict'

// Prometheus: its text, its tools, its questions.

const assert = require('node:assert/strict')
const { spawn, spawnSync } = require('node:child_process')
const { once } = require('node:events')
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { createServer } = require('node:net')
const { tmpdir } = require('node:os')
const { join } = require('node:path')

/** The samples of a text: `{ name, labels, value }`. */
function samples (text) {
  return text.split('\n').filter(line => line && !line.startsWith('#')).map(line => {
    const [, name, inside = '', value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? assert.fail(line)
    const pairs = [...inside.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/g)]
    assert.equal(pairs.map(([pair]) => pair).join(''), inside, line)
    return { name, labels: Object.fromEntries(pairs.map(([, name, value]) => [name, JSON.parse(`"${value}"`)])), value: Number(value.replace('+Inf', 'Infinity')) }
  })
}

/** Fails if promtool does, or has anything to say but these. `.ci/metrics` installs it, and says so. */
function promtool (args, input = '', expected = []) {
  const { error, status, stderr, stdout } = spawnSync('promtool', args, { input, encoding: 'utf8' })
  if (error?.code === 'ENOENT') return assert.ok(!process.env.PROMTOOL, 'there is no promtool')
  const said = `${stdout}${stderr}`.split('\n').map(line => line.trim()).filter(Boolean)
  assert.deepEqual({ status, said: said.filter(line => !expected.some(pattern => pattern.test(line))) }, { status: 0, said: [] })
}

// What looks like a metric and is none.
const WORDS = new Set(['and', 'bool', 'by', 'ignoring', 'offset', 'on', 'or', 'unless', 'without'])

/** The metrics that an expression asks for, and for each the labels that it must have: `[label, values]`. */
function selectorsIn (expr) {
  const plain = expr.replace(/\b(by|without|on|ignoring)\s*\([^)]*\)/g, '').replace(/\[[^\]]*\]/g, '')
  return [...plain.matchAll(/([a-zA-Z_:][\w:]*)\s*(\{[^}]*\}|\()?/g)]
    .filter(([, name, next]) => next !== '(' && !WORDS.has(name))
    .map(([, name, braces = '']) => ({
      name,
      labels: [...braces.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"/g)].map(([, label, values]) => [label, values.split('|')])
    }))
}

/** The labels by which an expression groups. */
const groupsIn = expr => [...expr.matchAll(/\b(?:by|without) \(([^)]*)\)/g)].flatMap(([, labels]) => labels.split(', '))

/**
 * A Prometheus that scrapes and evaluates twice a second: asks it by its HTTP interface.
 * `undefined` where it is not installed.
 */
async function prometheus (t, url, rules) {
  if (spawnSync('prometheus', ['--version']).error) {
    assert.ok(!process.env.PROMTOOL, 'there is no prometheus')
    return undefined
  }
  const folder = mkdtempSync(join(tmpdir(), 'didelphis-prometheus-'))
  const settings = {
    global: { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '500ms' },
    rule_files: [rules],
    scrape_configs: [{ job_name: 'didelphis', static_configs: [{ targets: [new URL(url).host] }] }]
  }
  // JSON is YAML.
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(settings))
  const port = await freePort()
  const child = spawn('prometheus', ['--log.level=warn', `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' })
  t.after(async () => {
    child.kill()
    await once(child, 'exit')
    rmSync(folder, { recursive: true, force: true })
  })
  return async (path, query = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}?${new URLSearchParams(query)}`)
    const { data, error } = await response.json()
    assert.equal(error, undefined, JSON.stringify(query))
    return data
  }
}

function freePort () {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

module.exports = { groupsIn, prometheus, promtool, samples, selectorsIn }
