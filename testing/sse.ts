import { get, type IncomingMessage } from 'node:http'
import { within } from './eventually.js'

interface SseFrame {
  id?: string
  event?: string
  data?: string
  retry?: string
  comment?: string
}

/**
 * Opens a stream of server-sent events. `next` returns the next frame, `nextEvent` the next frame
 * that has an event; both return null after the last one, and fail after 30 s without a frame.
 */
export async function openEventStream(
  server: { url: string; key: string },
  path: string,
  headers: Record<string, string> = {},
) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const authorization = `Bearer ${server.key}`
    const options = { headers: { accept: 'text/event-stream', authorization, ...headers } }
    get(server.url + path, options, resolve).on('error', reject)
  })
  response.setEncoding('utf8')
  const frames = parseFrames(response)
  const next = async (): Promise<SseFrame | null> => {
    const { value, done } = await within(`an event of ${path}`, frames.next())
    return done ? null : value
  }
  const nextEvent = async () => {
    for (;;) {
      const frame = await next()
      if (frame === null || frame.event) return frame
    }
  }
  return { response, next, nextEvent }
}

/** Comments and `retry` too, which a parser of events leaves out. */
async function* parseFrames(chunks: AsyncIterable<string>): AsyncGenerator<SseFrame> {
  let text = ''
  for await (const chunk of chunks) {
    text += chunk
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n')
      yield Object.fromEntries(
        lines.map(line => [
          line.split(':')[0] || 'comment',
          line.slice(line.indexOf(':') + 1).trim(),
        ]),
      )
      text = text.slice(end + 2)
    }
  }
}
