'use strict'

// A process that scrapes a server as it is told to. Used by the bench beside it.

const http = require('node:http')
const { setTimeout: sleep } = require('node:timers/promises')

const [,, url] = process.argv
const agent = new http.Agent({ keepAlive: true })
const wanted = { scrapes: false }

process.on('message', async order => {
  if ('scrapes' in order) {
    wanted.scrapes = order.scrapes
    return order.scrapes && scrapeOn()
  }
  const answers = []
  for (let n = 0; n < order.count; n++) {
    answers.push(await scrape(order.metric))
    await sleep(order.every)
  }
  process.send(answers)
})

process.send('ready')

async function scrapeOn () {
  while (wanted.scrapes) {
    await scrape()
    await sleep(100)
  }
}

function scrape (metric) {
  return new Promise((resolve, reject) => {
    const began = performance.now()
    http.get(`${url}metrics`, { agent }, response => {
      const chunks = []
      response.on('data', chunk => chunks.push(chunk)).on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const line = metric && text.split('\n').find(line => line.startsWith(metric))
        resolve({ ms: performance.now() - began, size: text.length, status: response.statusCode, value: line && Number(line.slice(metric.length)) })
      })
    }).on('error', reject)
  })
}
