'use strict'

// What the changelog says of a version: `node .ci/changelog.js 0.1.0` prints it, as the text of
// the release. Used by what checks a release.

const { readFileSync } = require('node:fs')
const { join } = require('node:path')

module.exports = { entryOf }

if (require.main === module) {
  const entry = entryOf(readFileSync(join(__dirname, '..', 'CHANGELOG.md'), 'utf8'), process.argv[2])
  if (!entry?.text) throw new Error(`CHANGELOG.md has no entry for ${process.argv[2]}`)
  console.log(entry.text)
}

/** `{ date, text }` of a version, both '' where it has none of them; undefined without its heading. */
function entryOf (changelog, version) {
  const section = changelog.split(/^## /m).find(section => section.startsWith(`[${version}]`))
  if (section === undefined) return undefined
  const [heading, ...lines] = section.split('\n')
  const [, date = ''] = /\] - (\d{4}-\d\d-\d\d)$/.exec(heading) ?? []
  // Below headings alone there is nothing.
  const text = lines.join('\n').trim()
  return { date, text: /^[^#\s]/m.test(text) ? text : '' }
}
