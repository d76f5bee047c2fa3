'use strict'

// How the proxy calls the backend.

const http = require('node:http')

class BackendClient {
  #agent = new http.Agent({ keepAlive: true })
  #url

  constructor (url) {
    this.#url = url
  }

  /**
   * Asks for data. Notes on the call how long after its beginning the backend answered,
   * and whether with an error: a breaker that has given up on the call by then does not
   * keep that from being known.
   */
  get (call) {
    return new Promise((resolve, reject) => {
      http.get(`${this.#url}/data`, { agent: this.#agent }, response => {
        call.answeredAfter = Number(response.headers['x-answered-at']) - call.began
        call.backendFailed = response.statusCode !== 200
        let body = ''
        response.setEncoding('utf8')
        response.on('data', text => { body += text })
        response.on('error', reject)
        response.on('end', () => {
          if (call.backendFailed) reject(new Error(`the backend answered ${response.statusCode}`))
          else resolve(JSON.parse(body))
        })
      }).on('error', reject)
    })
  }
}

module.exports = BackendClient
