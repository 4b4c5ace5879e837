import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Problem } from '../../spec/problem.js'
import { HttpError } from './http-error.js'
import type { UnknownRouteError } from './unknown-routes.js'
import { endAndLinger } from './unread-body.js'

/** An error of Node's HTTP parser: with what it was given last, and how many bytes of that were valid. */
type ParserError = NodeJS.ErrnoException & { rawPacket?: unknown; bytesParsed?: unknown }

/** Returns a handler for bytes that are not valid HTTP, for which there is only a socket and no request. */
export const clientErrorHandler =
  (unknownRoute: UnknownRouteError) =>
  (error: ParserError, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    answer(socket, toHttpError(error, unknownRoute))
  }

/** Answers CONNECT, for which Node only has a socket, too. */
export const refuseConnect = (socket: Socket): void => {
  const message = 'CONNECT is not allowed: this server is no proxy'
  answer(socket, new HttpError('METHOD_NOT_ALLOWED', message, { headers: { allow: '' } }))
}

function toHttpError(error: ParserError, unknownRoute: UnknownRouteError): HttpError {
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    return malformed('the head of the request is larger than 16 KiB', 431)
  }
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return malformed('the head of the request took too long', 408)
  }
  const requestLine = error.code === 'HPE_INVALID_METHOD' ? requestLineOf(error) : null
  if (!requestLine) return malformed('the request is not valid HTTP', 400)
  const { method, url } = requestLine
  const unknown = unknownRoute(method, url)
  return unknown instanceof HttpError ? unknown : new HttpError('NOT_FOUND', unknown.message)
}

const malformed = (message: string, status: number) =>
  new HttpError('MALFORMED_REQUEST', message, { status })

/** Node's parser knows a fixed list of methods. Others are valid HTTP if they are a token (RFC 9110, section 9.1). */
const requestLinePattern = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) (\S{1,8192}) HTTP\/1\.[01]\r?\n/

function requestLineOf({ rawPacket, bytesParsed }: ParserError) {
  if (!Buffer.isBuffer(rawPacket)) return null
  const start = rawPacket.lastIndexOf('\n', Math.max(0, Number(bytesParsed) - 1)) + 1
  const match = requestLinePattern.exec(rawPacket.toString('latin1', start))
  return match && { method: match[1]!, url: match[2]! }
}

function answer(socket: Socket, { code, status, message, headers }: HttpError): void {
  const title = STATUS_CODES[status] ?? ''
  const problem: Problem = { type: 'about:blank', title, status, code, detail: message }
  const body = JSON.stringify(problem)
  const head = {
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    connection: 'close',
    ...headers,
  }
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`HTTP/1.1 ${status} ${title}\r\n${lines.join('')}\r\n${body}`)
  endAndLinger(socket)
}
