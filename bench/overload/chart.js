'use strict'

// The pictures of docs/overload.md, and the small one of README: by second, a line for each guard,
// for light and for dark grounds.

const { beginnings } = require('./loads')
const { quantile } = require('./figures')

// On light, on dark.
const COLOURS = {
  ground: ['#ffffff', '#0d1117'],
  ink: ['#24292f', '#e6edf3'],
  faint: ['#57606a', '#8b949e'],
  rule: ['#d0d7de', '#30363d'],
  none: ['#8c959f', '#6e7681'],
  opossum: ['#cf222e', '#ff7b72'],
  defaults: ['#bc4c00', '#ffa657'],
  modern: ['#9a6700', '#e3b341'],
  adaptive: ['#1a7f37', '#56d364'],
  queue: ['#0969da', '#79c0ff'],
  throttle: ['#8250df', '#d2a8ff'],
  learned: ['#1a7f37', '#56d364'],
  together: ['#bf3989', '#ff9bce'],
  stalled: ['#8250df', '#d2a8ff']
}
const LEFT = 60
const [HEADING, HEIGHT] = [26, 120]
// So many seconds are a point.
const STEP = 3

const rate = key => seconds => mean(seconds.map(second => second[key]))
const latency = share => seconds => quantile(seconds.flatMap(({ latencies }) => latencies).sort((a, b) => a - b), share)
const last = key => seconds => seconds.findLast(second => second[key] !== undefined)?.[key]

/** The pictures of a run, by their files. */
function pictures (run) {
  return run.of === 'flood' ? ofFlood(run) : ofShift(run)
}

function ofFlood (run) {
  const capacity = mean(run.guards.map(({ capacity }) => capacity))
  const subtitle = `${run.load.slots} slots that sleep for ${run.load.work.mean} ms: ${capacity.toFixed(0)} calls a second; a timeout of 500 ms.`
  const panel = (title, value, greatest, guards = run.guards) => ({ title, value, greatest, guards })
  const few = run.guards.filter(({ key }) => ['none', 'opossum', 'adaptive', 'queue'].includes(key))
  const most = Math.ceil(capacity * 1.15 / 10) * 10
  return {
    'overload.svg': picture(run, {
      title: 'What callers get of a service in trouble',
      subtitle,
      panels: [
        panel('answered in time, calls a second', rate('good'), most),
        panel('refused, calls a second', rate('refused'), 2 * most),
        panel('p50 of what was answered in time, ms', latency(0.5), 500),
        panel('p99 of what was answered in time, ms', latency(0.99), 500)
      ]
    }),
    'overload-small.svg': picture(run, {
      title: 'What callers get of a service under twice its load, and in a brownout',
      subtitle,
      panels: [panel('answered in time, calls a second', rate('good'), most, few)]
    })
  }
}

function ofShift (run) {
  const ours = run.guards.filter(({ key }) => key !== 'opossum')
  return {
    'learned-timeout.svg': picture(run, {
      title: 'A timeout that learns',
      subtitle: 'Calls of 20 ms, then 60, then 20; 0.5 % of them take 300 ms all along; then nothing is answered for a while.',
      panels: [
        { title: 'the timeout, ms', value: last('timeout'), greatest: 800, guards: ours },
        { title: 'timed out, calls a second', value: rate('timedOut'), greatest: 5, guards: run.guards },
        { title: 'p99 of what was answered in time, ms', value: latency(0.99), greatest: 500, guards: run.guards.filter(({ key }) => key !== 'stalled') }
      ]
    })
  }
}

module.exports = { pictures }

function picture (run, { title, subtitle, panels }) {
  const height = 72 + panels.length * (HEADING + HEIGHT + 30) + 8
  const used = ['ground', 'ink', 'faint', 'rule', ...new Set(panels.flatMap(({ guards }) => guards.map(({ key }) => key)))]
  const style = place => used.map(name => `.${name}{color:${COLOURS[name][place]}}`).join('')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 ${height}" width="900" height="${height}" font-family="system-ui, sans-serif" font-size="11" fill="currentColor" class="ink" role="img" aria-label="${title}">
<style>${style(0)}@media (prefers-color-scheme: dark){${style(1)}}</style>
<rect width="900" height="${height}" rx="8" class="ground"/>
<text x="24" y="32" font-size="16" font-weight="600">${title}</text>
<text x="24" y="54" font-size="12" class="faint">${subtitle}</text>
${panels.map((panel, i) => draw(run, { ...panel, isFirst: panel.guards !== panels[i - 1]?.guards }, 72 + i * (HEADING + HEIGHT + 30))).join('\n')}
</svg>
`
}

function draw ({ load }, { title, value, greatest, guards, isFirst }, top) {
  const [upper, bottom, right] = [top + HEADING, top + HEADING + HEIGHT, 620]
  const length = load.phases.reduce((sum, { seconds }) => sum + seconds, 0)
  const x = at => LEFT + at / length * (right - LEFT)
  const y = of => bottom - Math.min(of / greatest, 1) * HEIGHT
  const text = (at, height, anchor, words) => `<text x="${at.toFixed(1)}" y="${height}" text-anchor="${anchor}" class="faint">${words}</text>`
  const phases = beginnings(load).map((at, i) => [
    i > 0 ? `<path d="M${x(at).toFixed(1)} ${upper}V${bottom}" class="rule" stroke="currentColor" stroke-dasharray="3 3"/>` : '',
    text(x(at) + 4, bottom + (i % 2 ? 26 : 14), 'start', load.phases[i].name)
  ].join(''))
  const lines = guards.map((guard, i) => {
    const drawn = stretches(guard.seconds, value).map(points =>
      `<polyline points="${points.map(([at, of]) => `${x(at).toFixed(1)},${y(of).toFixed(1)}`).join(' ')}" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round" fill="none"/>`)
    const name = isFirst ? `<text x="${right + 12}" y="${upper + 8 + i * 16}">■ <tspan class="ink" fill="currentColor">${guard.name}</tspan></text>` : ''
    return `<g class="${guard.key}">${drawn.join('')}${name}</g>`
  })
  return [
    `<text x="24" y="${top + 14}" font-size="13" font-weight="600">${title}</text>`,
    `<path d="M${LEFT} ${upper}V${bottom}H${right}" class="rule" stroke="currentColor" fill="none"/>`,
    text(LEFT - 6, upper + 4, 'end', greatest), text(LEFT - 6, bottom, 'end', 0),
    ...phases, ...lines
  ].join('\n')
}

/** Points, in as many lines as it takes to leave out what is not there. */
function stretches (seconds, value) {
  const lines = [[]]
  for (let i = 0; i < seconds.length; i += STEP) {
    const some = seconds.slice(i, i + STEP)
    const of = value(some)
    if (Number.isFinite(of)) lines.at(-1).push([i + some.length / 2, of])
    else if (lines.at(-1).length) lines.push([])
  }
  return lines.filter(points => points.length)
}

function mean (numbers) {
  return numbers.reduce((a, b) => a + b, 0) / numbers.length
}
