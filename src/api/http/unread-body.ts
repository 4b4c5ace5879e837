import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** How long a client may take to read an answer that came before its request was read. */
const lingerMs = 2000

/**
 * Closes the connection with an answer that is sent before the request's body has arrived, such as a refusal.
 * Node would read the rest for as long as the client sends it.
 */
export function closeAfterUnreadBody(app: FastifyInstance): void {
  app.addHook('onSend', ({ raw }, reply, _payload, done) => {
    if (raw.complete) return done()
    // a short body is often in the packet of the head, and is parsed after it
    setImmediate(() => {
      if (!raw.complete) {
        reply.header('connection', 'close')
        // Node calls this after the answer
        raw.socket.destroySoon = () => endAndLinger(raw.socket, raw)
      }
      done()
    })
  })
}

/**
 * Ends a socket, and closes it when the client has sent everything, or a little later. If it were closed at
 * once, the kernel would reset the connection of a client that still sends, which may then miss the answer.
 */
export function endAndLinger(socket: Socket, request?: IncomingMessage): void {
  const close = () => socket.destroy()
  const timer = setTimeout(close, lingerMs).unref()
  socket.once('close', () => clearTimeout(timer))
  request?.once('end', () => {
    if (socket.writableFinished) close()
    else socket.once('finish', close)
  })
  socket.end()
}
