'use strict'

const neostandard = require('neostandard')

// What a browser has, as far as the server's page uses it.
const BROWSER = [
  'IntersectionObserver', 'MutationObserver', 'addEventListener', 'devicePixelRatio', 'getComputedStyle', 'history',
  'localStorage', 'location', 'matchMedia', 'requestAnimationFrame', 'sessionStorage'
]

module.exports = [
  ...neostandard({ ts: true, ignores: ['dist/', 'target/', 'node_modules/', 'examples/testing/'] }),
  { files: ['src/serve/page/*.mjs', '.ci/projects/page/*.mjs'], languageOptions: { globals: Object.fromEntries(BROWSER.map(name => [name, 'readonly'])) } }
]
