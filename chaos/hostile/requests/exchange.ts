// Sends bytes over a TCP connection of its own, and reads what comes back.
import { connect, type Socket } from 'node:net'
import { type Answer, AnswerParser } from './answer-parser.js'

/** Bytes to send, or a pause in milliseconds between them. */
export type Part = Buffer | { pauseMs: number }

export interface RawRequest {
  parts: readonly Part[]
  /** How many answers are due, if the requests are pipelined. */
  answers?: number
  /** The answer to HEAD has no body. */
  isHead?: boolean
  /**
   * What is due: an answer to each request; for bytes that are no HTTP at least the end of the connection;
   * or nothing, since the client leaves first.
   */
  due: 'answer' | 'end' | 'nothing'
  /** How the client leaves: it says that it sends no more, or it resets the connection. */
  leave?: 'half-close' | 'abort'
  /** Within what time something must come; the default is 10 s. */
  limitMs?: number
}

export interface Outcome {
  answers: Answer[]
  /** Why it ended. `complete`: all answers that are due have come. */
  end: 'complete' | 'closed' | 'timeout' | 'left' | 'refused'
  ms: number
}

const defaultLimitMs = 10_000

export async function exchange(port: number, request: RawRequest): Promise<Outcome> {
  const { parts, answers = 1, isHead = false, leave, limitMs = defaultLimitMs } = request
  const since = performance.now()
  const parser = new AnswerParser(isHead)
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const end = await new Promise<Outcome['end']>(resolve => {
    let connected = false
    const timer = setTimeout(resolve, limitMs, 'timeout')
    const done = (how: Outcome['end']) => {
      clearTimeout(timer)
      resolve(how)
    }
    socket.on('data', data => {
      parser.feed(data)
      if (parser.complete.length >= answers && leave !== 'abort') done('complete')
    })
    // the answer may have come before the reset
    socket.on('error', () => {})
    socket.on('close', () => {
      parser.end()
      if (!connected) return done('refused')
      done(parser.complete.length >= answers ? 'complete' : 'closed')
    })
    socket.on('connect', () => {
      connected = true
      send(socket, parts, leave).then(() => leave === 'abort' && done('left'), done)
    })
  })
  socket.destroy()
  return { answers: parser.complete, end, ms: performance.now() - since }
}

async function send(
  socket: Socket,
  parts: readonly Part[],
  leave: RawRequest['leave'],
): Promise<void> {
  for (const part of parts) {
    if (socket.destroyed || !socket.writable) return
    if (!Buffer.isBuffer(part)) await new Promise(resolve => setTimeout(resolve, part.pauseMs))
    else await write(socket, part)
  }
  if (leave === 'half-close' && socket.writable) socket.end()
  if (leave === 'abort') socket.resetAndDestroy()
}

/** Resolves after the system has taken the bytes, or the connection has ended. */
const write = (socket: Socket, bytes: Buffer): Promise<void> =>
  new Promise(resolve => {
    const ended = () => resolve()
    socket.once('close', ended)
    socket.write(bytes, () => {
      socket.off('close', ended)
      resolve()
    })
  })
