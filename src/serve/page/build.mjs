// Makes one document of all this, `src/serve/page.html`, which the addon embeds: `npm run page`. It is
// committed, so that nobody needs these tools to build the addon; a test tells when it is out of date.

import { buildSync } from 'esbuild'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const HERE = dirname(fileURLToPath(import.meta.url))
const TARGET = join(HERE, '..', 'page.html')
const UPLOT = dirname(createRequire(import.meta.url).resolve('uplot/package.json'))
// Lines that git and those who review can bear.
const LINE = 160

const read = (...path) => readFileSync(join(...path), 'utf8')

/** The document, as it is to be. */
export function page () {
  const licence = `uPlot, in the script below:\n\n${read(UPLOT, 'LICENSE').trim()}`
  const script = bundle({ entryPoints: [join(HERE, 'main.mjs')], bundle: true, format: 'iife' })
  const style = bundle({ stdin: { contents: read(UPLOT, 'dist', 'uPlot.min.css') + read(HERE, 'style.css'), loader: 'css' } })
  if (/<\/?script|<!--|__NONCE__/i.test(script)) throw new Error('the script has what would end it')
  if (/<|__NONCE__/.test(style)) throw new Error('the style has what would end it')
  // By functions: in a text that replaces, `$&` would mean something.
  return read(HERE, 'index.html')
    .replace('<html', () => `<!--\nMade of src/serve/page by "npm run page". Contains ${licence}\n-->\n<html`)
    .replace('__STYLE__', () => style.trim())
    .replace('__SCRIPT__', () => script.trim())
}

function bundle (options) {
  const { outputFiles: [{ text }] } = buildSync({
    ...options, write: false, minify: true, lineLimit: LINE, charset: 'utf8', legalComments: 'none', logLevel: 'warning', target: ['chrome120', 'firefox121', 'safari17']
  })
  return text
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(TARGET, page())
