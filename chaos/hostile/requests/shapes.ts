// Bytes that two HTTP parsers may read as different requests, and bytes that are no HTTP at all.
import type { Random } from '../../random.js'
import { bytes, type RequestKind, type Target } from './target.js'

type Shape = (random: Random, head: string) => string

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'
const chunkedHead = (head: string) => `${head}Transfer-Encoding: chunked\r\n\r\n`

/** `head` is the request line of a POST and its first headers, each with its line end. */
const shapes: readonly Shape[] = [
  (_, head) => `${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  (_, head) => `${head}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${smuggled}`,
  (_, head) => `${head}Content-Length: 2\r\nContent-Length: 50\r\n\r\n{}${smuggled}`,
  (_, head) => `${head}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}`,
  (_, head) => `${head}Content-Length: 2, 2\r\n\r\n{}`,
  (random, head) =>
    `${head}Content-Length: ${random.pick(['-1', '+2', '0x2', '1e3', '2 ', ' ', '٢', '9'.repeat(30)])}\r\n\r\n{}`,
  (random, head) =>
    `${head}Transfer-Encoding: ${random.pick(['xchunked', 'chunked, chunked', 'gzip, chunked', 'identity', ' chunked', 'chunked\t', 'CHUNKED', 'chunked\r\nTransfer-Encoding: identity'])}\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
  (_, head) => `${head}Transfer-Encoding : chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
  (_, head) => `${head}X-Folded: a\r\n b\r\n\tc\r\nContent-Length: 2\r\n\r\n{}`,
  (_, head) => `${head.replaceAll('\r\n', '\n')}Content-Length: 2\n\n{}`,
  (_, head) => `${head.replaceAll('\r\n', '\r')}Content-Length: 2\r\r{}`,
  (_, head) => `${chunkedHead(head)}2;name=value;other="a;b"\r\n{}\r\n0\r\n\r\n`,
  (_, head) => `${chunkedHead(head)}2;${'x'.repeat(30_000)}\r\n{}\r\n0\r\n\r\n`,
  (random, head) =>
    `${chunkedHead(head)}${random.pick(['-2', '0x2', 'zz', '', ' 2', 'ffffffffffffffff', '2\n', '1e1'])}\r\n{}\r\n0\r\n\r\n`,
  (_, head) => `${chunkedHead(head)}2\r\n{}XX0\r\n\r\n`,
  (_, head) => `${chunkedHead(head)}2\r\n{}\r\n0\r\nHost: other\r\nContent-Length: 9\r\n\r\n`,
  (_, head) => `${head}X-Large: ${'a'.repeat(20_000)}\r\nContent-Length: 0\r\n\r\n`,
  (_, head) => `${head}X-Larger: ${'a'.repeat(300_000)}\r\nContent-Length: 0\r\n\r\n`,
  (_, head) => `${head}${'X-Many: 1\r\n'.repeat(3000)}Content-Length: 0\r\n\r\n`,
  (_, head) => `${head}${'A:\r\n'.repeat(1500)}Content-Length: 0\r\n\r\n`,
  (_, head) => `${head}X-Null: a\0b\r\nContent-Length: 0\r\n\r\n`,
  (_, head) => `${head}X-Control: \u0001\u007f\r\nContent-Length: 0\r\n\r\n`,
  (_, head) => `${head}: no name\r\nContent-Length: 0\r\n\r\n`,
  (_, head) => `${head}no colon\r\nContent-Length: 0\r\n\r\n`,
  (_, head) => `${head}X Space: 1\r\nContent-Length: 0\r\n\r\n`,
  (_, head) => `\r\n\r\n\r\n${head}Content-Length: 0\r\n\r\n`,
  (_, head) => `${head.replace('HTTP/1.1', 'HTTP/1.0')}Content-Length: 0\r\n\r\n`,
  (random, head) =>
    `${head.replace(
      'HTTP/1.1',
      random.pick(['HTTP/2.0', 'HTTP/0.9', 'HTTP/9.9', 'HTTPS/1.1', 'http/1.1', '', 'HTTP/1.1 x']),
    )}\r\n`,
  (_, head) => `${head.replace(/Host: .*\r\n/, '')}Content-Length: 0\r\n\r\n`,
  (_, head) => `${head}Host: other.example\r\nContent-Length: 0\r\n\r\n`,
  (_, head) => `${head.replace('POST ', 'POST  ')}Content-Length: 0\r\n\r\n`,
  (_, head) => `${head.replace(' /', ' http://other.example/')}Content-Length: 0\r\n\r\n`,
  (_, head) => `${head.replace(/ \S+ HTTP/, ' * HTTP')}Content-Length: 0\r\n\r\n`,
  () => 'GET /\r\n\r\n',
  () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  () => 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n',
  (_, head) =>
    `${head}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: 0\r\n\r\n`,
  (_, head) =>
    `${head.replace('POST', 'GET')}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  () => '*1\r\n$4\r\nPING\r\n',
  random => `${bytes(random, 200).toString('latin1')}\r\n\r\n`,
]

export const shapeKind: RequestKind = {
  name: 'shape',
  weight: 12,
  make(random: Random, { key }: Target) {
    const head = `POST /jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\n`
    const text = random.pick(shapes)(random, head)
    // a client that says no more than this would otherwise wait for the server, and the server for it
    return { parts: [Buffer.from(text, 'latin1')], due: 'end', leave: 'half-close' }
  },
}
