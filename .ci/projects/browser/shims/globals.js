// What the tests use of Node's globals.

const { missing } = require('./needs-node')
const { turn } = require('./wait')

const process = new Proxy({}, { get: (_, name) => missing(`process.${String(name)}`)() })
const setImmediate = (act, ...args) => { turn().then(() => act(...args)) }
const resolve = missing('require.resolve')

module.exports = { process, resolve, setImmediate }
