// Sends many requests over one connection before the first is answered.
import { connect } from 'node:net'
import { AnswerParser } from '../requests/answer-parser.js'
import type { Outcome, RawRequest } from '../requests/exchange.js'

const limitMs = 10_000

/**
 * The outcome of each request, which has one answer. A server may close a connection after a request that it
 * refuses; what it has not read then is sent again over another one.
 */
export async function pipeline(port: number, requests: readonly RawRequest[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  while (outcomes.length < requests.length) {
    outcomes.push(...(await sendAll(port, requests.slice(outcomes.length))))
  }
  return outcomes
}

/** At least one outcome, in the order of the requests; fewer than there are requests if the connection ends before. */
function sendAll(port: number, requests: readonly RawRequest[]): Promise<Outcome[]> {
  const since = performance.now()
  const parser = new AnswerParser(false)
  const outcomes: Outcome[] = []
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  return new Promise(resolve => {
    let connected = false
    const finish = (end: Outcome['end']) => {
      clearTimeout(timer)
      socket.destroy()
      if (outcomes.length === 0) outcomes.push({ answers: [], end, ms: performance.now() - since })
      resolve(outcomes)
    }
    const timer = setTimeout(finish, limitMs, 'timeout')
    const take = () => {
      for (const answer of parser.complete.splice(0)) {
        outcomes.push({ answers: [answer], end: 'complete', ms: performance.now() - since })
      }
      if (outcomes.length >= requests.length) finish('complete')
    }
    socket.on('connect', () => {
      connected = true
      socket.write(Buffer.concat(requests.flatMap(({ parts }) => parts.filter(Buffer.isBuffer))))
    })
    socket.on('data', data => {
      parser.feed(data)
      take()
    })
    // the answer may have come before the reset
    socket.on('error', () => {})
    socket.on('close', () => {
      parser.end()
      take()
      finish(connected ? 'closed' : 'refused')
    })
  })
}
