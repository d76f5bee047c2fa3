'use strict'

// The ways to the backend. Each opens connections beforehand and keeps them, so that
// what is asked is sent as soon as the loop lets it.

const http = require('node:http')
const net = require('node:net')

class Fetch {
  constructor (origin) {
    this.origin = origin
  }

  async get (path) {
    const response = await fetch(this.origin + path)
    return (await response.arrayBuffer()).byteLength
  }

  close () {}
}

class Net {
  #idle = []
  #all = new Set()

  constructor (port) {
    this.port = port
  }

  get (path) {
    const [,,, size] = path.split('/')
    return new Promise((resolve, reject) => {
      const socket = this.#idle.pop() ?? this.#connect()
      let missing = Number(size)
      socket.onData = data => {
        missing -= data.length
        if (missing > 0) return
        this.#idle.push(socket)
        resolve(Number(size))
      }
      socket.onError = reject
      socket.write(path + '\n')
    })
  }

  close () {
    for (const socket of this.#all) socket.destroy()
  }

  #connect () {
    const socket = net.connect(this.port, '127.0.0.1')
    socket.setNoDelay()
    socket.on('data', data => socket.onData(data))
    socket.on('error', error => socket.onError(error))
    this.#all.add(socket)
    return socket
  }
}

/** HTTP over a new connection each time: the loop is needed to connect, too. */
class Fresh {
  constructor (port) {
    this.port = port
  }

  get (path) {
    return new Promise((resolve, reject) => {
      http.get({ agent: false, host: '127.0.0.1', path, port: this.port }, response => {
        let length = 0
        response.on('data', data => { length += data.length })
        response.on('end', () => resolve(length))
        response.on('error', reject)
      }).on('error', reject)
    })
  }

  close () {}
}

const TRANSPORTS = {
  fresh: ports => new Fresh(ports.http),
  http: ports => new Fetch(`http://127.0.0.1:${ports.http}`),
  https: ports => new Fetch(`https://127.0.0.1:${ports.https}`),
  net: ports => new Net(ports.net)
}

module.exports = { TRANSPORTS }
