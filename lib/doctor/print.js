'use strict'

// What was found, as text for people. Used by `command.js`.

/** The report as text. */
function asText (report) {
  const { binaries, clock, code, copies, didelphis, findings, folder, machine } = report
  return [
    `didelphis doctor ${didelphis}, in ${folder}`,
    section('Copies', copies.length > 0 ? copies.flatMap(copyLines) : ['none']),
    binaries.length > 0 && section('Binary', binaries.flatMap(binary => binaryLines(binary, machine, clock, binaries.length))),
    section('Machine', machineLines(machine)),
    section('Code', [`${counted(code.files, 'source file')}, ${counted(code.breakers, 'breaker')} made in them`]),
    findings.length > 0 && section('Findings', findings.flatMap(findingLines)),
    `\n${summary(findings)}\n`
  ].filter(Boolean).join('\n')
}

module.exports = { asText }

function section (title, lines) {
  return ['', title, ...lines.map(line => `  ${line}`)].join('\n')
}

function copyLines ({ folder, name, requiredBy, version }) {
  const users = requiredBy.map(({ as, name: user, range, version }) => {
    const alias = as === name ? '' : ` as ${as}`
    return `  required by ${[user, version].filter(Boolean).join(' ')}${alias}: ${range}`
  })
  return [`${name} ${version}  ${folder}`, ...(users.length > 0 ? users : ['  required by nobody, by the manifests'])]
}

function binaryLines ({ error, file, folder, forgivenMs, hasThread, platform, source, stallMs, thread }, { libc, platform: system }, clock, count) {
  const of = count > 1 ? [`of ${folder}:`] : []
  if (error !== undefined) return [...of, `none that can be loaded; this is ${platform}`]
  const where = [system, libc].filter(Boolean).join(', ')
  return [
    ...of,
    `${file}`,
    `  because this is ${platform} (${where}): ${source}`,
    `clock: ${clock}`,
    `  of a stall of ${stallMs} ms, made for a trial, ${forgivenMs ?? 0} ms were taken out of a timeout`,
    hasThread ? `thread: one of its own for timeouts${thread ? `, "didelphis" (${thread} in the trial)` : ''}` : 'thread: none to be had'
  ]
}

function machineLines ({ processors, quota, runtime, system }) {
  const share = quota
    ? `${Number(quota.processors.toFixed(2))} processors: ${quota.quotaMs} ms in each ${quota.periodMs} ms (control groups, version ${quota.version})`
    : 'none'
  return [`${runtime}, ${system}, ${counted(processors, 'processor')}`, `CPU quota: ${share}`]
}

function findingLines ({ column, file, hint, level, line, message }) {
  const place = file === undefined ? '' : `${file}:${line}:${column}  `
  return [`${level === 'problem' ? '✖' : '·'} ${place}${message}`, ...(hint ? [`    ${hint}`] : [])]
}

function summary (findings) {
  const problems = findings.filter(({ level }) => level === 'problem').length
  const notes = findings.length - problems
  if (findings.length === 0) return 'Nothing to complain about.'
  return [problems > 0 && counted(problems, 'problem'), notes > 0 && counted(notes, 'note')].filter(Boolean).join(', ')
}

function counted (count, what) {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
