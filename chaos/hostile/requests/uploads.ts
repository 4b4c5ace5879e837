// Forms and files: wrong multipart bodies, and damaged data sets and checkpoints.
import { gzipSync } from 'node:zlib'
import type { Random } from '../../random.js'
import { form, type Headers, type RequestText } from './http-text.js'
import { bytes, type RequestKind, whole } from './target.js'

const boundary = 'b'
const part = (name: string, content = 'x', more = '') =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${content}\r\n`

const forms: readonly ((random: Random) => { type: string; body: string })[] = [
  () => ({ type: 'multipart/form-data', body: part('file') }),
  () => ({ type: 'multipart/form-data; boundary=', body: part('file') }),
  () => ({ type: `multipart/form-data; boundary=${'x'.repeat(500)}`, body: part('file') }),
  () => ({ type: 'multipart/form-data; boundary="b', body: part('file') }),
  () => ({ type: 'multipart/mixed; boundary=b', body: part('file') }),
  () => ({ type: 'multipart/form-data; boundary=b', body: '' }),
  () => ({ type: 'multipart/form-data; boundary=b', body: '--b--\r\n' }),
  () => ({
    type: 'multipart/form-data; boundary=b',
    body: part('file', 'x', '; filename="x.csv"'),
  }),
  () => ({ type: 'multipart/form-data; boundary=b', body: part('x').repeat(3000) }),
  () => ({
    type: 'multipart/form-data; boundary=b',
    body: part('file', '', '; filename="a.csv"').repeat(300),
  }),
  () => ({
    type: 'multipart/form-data; boundary=b',
    body: `--b\r\n${'X-Header: 1\r\n'.repeat(5000)}\r\nx`,
  }),
  () => ({ type: 'multipart/form-data; boundary=b', body: `--b\r\nX: ${'y'.repeat(200_000)}` }),
  () => ({
    type: 'multipart/form-data; boundary=b',
    body: `${part('name', 'y'.repeat(2_000_000))}--b--\r\n`,
  }),
  () => ({
    type: 'multipart/form-data; boundary=b',
    body: `${part('file', 'a,b\n1,2\n', '; filename="../../x.csv"')}--b--\r\n`,
  }),
  () => ({
    type: 'multipart/form-data; boundary=b',
    body: `${part('file', 'a,b\n1,2\n', `; filename="${'x'.repeat(3000)}.csv"`)}--b--\r\n`,
  }),
  () => ({
    type: 'multipart/form-data; boundary=b',
    body: `${part('file', 'a,b\n1,2\n', '; filename="a\0b.csv"')}--b--\r\n`,
  }),
  () => ({
    type: 'multipart/form-data; boundary=b',
    body: `${part('__proto__')}${part('constructor')}--b--\r\n`,
  }),
  () => ({
    type: 'multipart/form-data; boundary=b',
    body: `--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n--b--\r\n`,
  }),
  random => ({
    type: 'multipart/form-data; boundary=b',
    body: bytes(random, random.integerBelow(3000)).toString('latin1'),
  }),
  () => ({
    type: 'multipart/form-data; boundary=b',
    body: `${part('file', '', '; filename="a.csv"')}--b--\r\n${'after '.repeat(1000)}`,
  }),
]

export const formKind: RequestKind = {
  name: 'form',
  weight: 6,
  make(random, target) {
    const { type, body } = random.pick(forms)(random)
    const headers: Headers = [['Content-Type', type]]
    const path = random.pick(['/datasets', '/weights', `/models/${target.model}/predict`])
    const request = whole(
      {
        method: 'POST',
        path,
        headers,
        body: Buffer.from(body, 'latin1'),
        chunked: random.next() < 0.3,
      },
      target,
    )
    return { ...request, limitMs: 30_000 }
  },
}

const fields = [
  ['name', 'x'],
  ['name', '../x'],
  ['name', ''],
  ['labels', '['],
  ['labels', '["a","a"]'],
  ['labels', 'null'],
  ['height', '0'],
  ['height', '1e9'],
  ['width', '-1'],
  ['channels', '7'],
  ['dtype', 'float128'],
  ['target', 'none'],
  ['schema', '{"a":1}'],
  ['schema', '['.repeat(2000)],
  ['delimiter', 'xx'],
  ['delimiter', ''],
  ['missing', '['],
  ['unknown', '1'],
  ['hasHeader', 'perhaps'],
  ['decimal', 'x'],
  ['weight', 'none'],
] as const

/** A file of the target with damage: cut, with flipped bytes, grown, repeated, or packed. */
export function damaged(random: Random, content: Buffer): Buffer {
  const how = random.integerBelow(8)
  if (how === 0) return content.subarray(0, random.integerBelow(content.length + 1))
  if (how === 1) return content.subarray(random.integerBelow(content.length))
  if (how === 2) return Buffer.concat([content, bytes(random, 1 + random.integerBelow(100))])
  if (how === 3) return gzipSync(content).subarray(0, 1 + random.integerBelow(content.length))
  if (how === 4) return Buffer.concat([content, content])
  if (how === 5) return Buffer.alloc(content.length)
  const copy = Buffer.from(content)
  const flips = how === 6 ? 1 : 1 + random.integerBelow(20)
  for (let i = 0; i < flips && copy.length > 0; i++) {
    copy[random.integerBelow(copy.length)]! ^= 1 << random.integerBelow(8)
  }
  return copy
}

export const uploadKind: RequestKind = {
  name: 'upload',
  // each converts its files in a process of its own
  weight: 1,
  make(random, target) {
    const path = random.pick(['/datasets', '/datasets', '/datasets', '/weights'])
    const files = Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, () => {
      const { name, content } = random.pick(target.files)
      const fileName = random.next() < 0.8 ? name : random.pick(target.files).name
      return {
        name: 'file',
        fileName,
        content: random.next() < 0.2 ? content : damaged(random, content),
      }
    })
    const chosen = random.next() < 0.4 ? [random.pick(fields)] : []
    const entries = [...chosen.map(([name, content]) => ({ name, content })), ...files]
    const text: RequestText = { path, ...form(entries), chunked: random.next() < 0.2 }
    return { ...whole(text, target), limitMs: 60_000 }
  },
}
