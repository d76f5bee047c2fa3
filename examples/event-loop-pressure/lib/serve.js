'use strict'

// How a server of this example comes to life, and how it ends. Used by the backend and
// the proxy.

const { endWithParent, tellParent } = require('./parent')

/**
 * Listens, and says where, and what `more` there is: to the program that started this one,
 * or to the terminal.
 */
function serve (app, name, { host, port }, more = {}) {
  const server = app.listen(port, host, error => {
    if (error) {
      console.error(`${name}: ${error.message}`)
      process.exit(1)
    }
    const url = `http://${host}:${server.address().port}`
    if (tellParent({ url, ...more })) return
    console.log([`${name}: ${url}`, ...Object.entries(more).map(([what, where]) => `its ${what}: ${where}`)].join(', '))
  })
  // A client that keeps its connections must not find one closed under its request.
  server.keepAliveTimeout = 60_000
  endWithParent()
}

module.exports = serve
