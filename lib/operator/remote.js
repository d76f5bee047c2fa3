'use strict'

// A server of `CircuitBreaker.serve`, as the command line asks it. What goes wrong is said with what
// to do about it.

const http = require('node:http')
const https = require('node:https')

/** What is said to the user, and no defect. */
class Complaint extends Error {
  constructor (message, isUsage = false) {
    super(message)
    this.isUsage = isUsage
  }
}

class Remote {
  #base
  #token
  #client

  constructor (url, token) {
    this.#base = readUrl(url)
    this.#token = token || undefined
    this.#client = this.#base.protocol === 'https:' ? https : http
  }

  get url () {
    return this.#base.href
  }

  /** All that the server shows, at one moment or nearly so. */
  async read () {
    const [{ breakers, now, steering }, { loops }] = await Promise.all([this.#ask('GET', 'api/breakers'), this.#ask('GET', 'api/loop')])
    return { now, steering, breakers, loops }
  }

  /** Gives a command to the breakers of a name, or to one of them. */
  async steer (command, name, id) {
    if (this.#token === undefined) throw new Complaint(`steering needs the token that was given to serve(): DIDELPHIS_TOKEN=… npx didelphis ${command} …`)
    // What a URL takes for a way up cannot stand in its path.
    const isUp = name === '.' || name === '..'
    const query = [isUp && `name=${name}`, id !== undefined && `id=${id}`].filter(Boolean).join('&')
    try {
      return await this.#ask('POST', `api/breakers/${isUp ? '-' : encodeURIComponent(name)}/${command}${query && `?${query}`}`)
    } catch (error) {
      if (error.code !== 'NOT_FOUND') throw error
      throw new Complaint(`${this.url} has no breaker ${JSON.stringify(name)}${id === undefined ? '' : ` with the id ${id}`}. ${await this.#known()}`)
    }
  }

  async #known () {
    const { breakers } = await this.#ask('GET', 'api/breakers')
    const names = [...new Set(breakers.map(({ name }) => JSON.stringify(name)))]
    if (names.length === 0) return 'It has none.'
    return `It has ${names.slice(0, MOST_NAMES).join(', ')}${names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : ''}.`
  }

  async #ask (method, path) {
    const { body, headers, status } = await this.#request(method, path).catch(error => { throw this.#unreached(error) })
    const answer = parsed(body)
    if (status < 300 && answer !== undefined) return answer
    const { code, message } = answer?.error ?? {}
    if (code === undefined) throw new Complaint(`what answers at ${this.url} is no server of didelphis (${status} for /${path.split('?')[0]})`)
    throw Object.assign(new Complaint(this.#meaning(code, message, headers)), { code })
  }

  #request (method, path) {
    const headers = { accept: 'application/json', ...this.#token !== undefined && { authorization: `Bearer ${this.#token}` } }
    return new Promise((resolve, reject) => {
      const request = this.#client.request(new URL(path, this.#base), { agent: false, headers, method, timeout: LONGEST_MS }, response => {
        let body = ''
        response.setEncoding('utf8').on('data', more => { body += more }).on('error', reject)
        response.on('end', () => resolve({ body, headers: response.headers, status: response.statusCode }))
      })
      request.on('error', reject).on('timeout', () => request.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })))
      request.end()
    })
  }

  #unreached ({ code, message }) {
    const { hostname, port } = this.#base
    switch (code) {
      case 'ECONNREFUSED': return new Complaint(`nobody listens at ${this.url}. Does the program run, and has it called CircuitBreaker.serve({ port: ${port || 80} })?`)
      case 'ENOTFOUND':
      case 'EAI_AGAIN': return new Complaint(`there is no host ${hostname}: is ${this.url} spelt right?`)
      case 'ETIMEDOUT': return new Complaint(`no answer from ${this.url} within ${LONGEST_MS / 1000} s. A stalled event loop does not do that: is it another program's port, or is there a firewall?`)
      default: return new Complaint(`cannot ask ${this.url}: ${message}`)
    }
  }

  #meaning (code, message, headers) {
    switch (code) {
      case 'TOKEN_NEEDED': return this.#token === undefined
        ? `${this.url} asks for the token that was given to serve(): set it as DIDELPHIS_TOKEN`
        : `the token in DIDELPHIS_TOKEN is not the one that was given to serve() at ${this.url}`
      case 'STEERING_OFF': return `${this.url} cannot be steered, for it was begun without a token: CircuitBreaker.serve({ token: process.env.DIDELPHIS_TOKEN })`
      case 'HOST': return `${this.url} is not answered under that name. Use the IP address, or begin it with serve({ allowedHosts: ['${this.#base.hostname}'] })`
      case 'BUSY': return `${this.url} is busy: ${message} Try again${headers['retry-after'] ? ` in ${headers['retry-after']} s` : ' later'}`
      default: return `${this.url}: ${message}`
    }
  }
}

module.exports = { Complaint, Remote }

const MOST_NAMES = 10
const LONGEST_MS = 5000

function readUrl (given) {
  const text = /^https?:\/\//i.test(given) ? given : `http://${given}`
  let url
  try {
    url = new URL(text)
  } catch {
    throw new Complaint(`${given} is no URL: it should be as http://127.0.0.1:9464/`, true)
  }
  // The token would be seen in lists of processes.
  if (url.username !== '' || url.password !== '') throw new Complaint('the token is not part of the URL: set it as DIDELPHIS_TOKEN', true)
  url.search = url.hash = ''
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

function parsed (body) {
  try {
    const answer = JSON.parse(body)
    return typeof answer === 'object' && answer !== null ? answer : undefined
  } catch {
    return undefined
  }
}
