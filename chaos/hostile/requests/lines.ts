// What stands in a request's first lines: methods, paths, queries and headers.
import type { Random } from '../../random.js'
import { type Headers, json } from './http-text.js'
import { type RequestKind, routesOf, whole } from './target.js'

const methods = [
  ...['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY', 'PROPFIND'],
  ...['PROPPATCH', 'MKCOL', 'COPY', 'MOVE', 'LOCK', 'UNLOCK', 'SEARCH', 'REPORT', 'PURGE', 'LINK'],
  ...['BREW', 'get', 'X', 'SUBSCRIBE', 'M-SEARCH', 'SOURCE', 'ACL', 'REBIND'],
]

export const methodKind: RequestKind = {
  name: 'method',
  weight: 8,
  make(random, target) {
    const method = random.pick(methods)
    // what the well-behaved clients use must stay, so only what does not exist is deleted
    const paths = routesOf(target).filter(
      ([expected, each]) =>
        each !== '/jobs/cancel' && (method !== 'DELETE' || expected === 'DELETE'),
    )
    const [, path] = random.pick(paths)
    const request = whole({ method, path, ...(random.next() < 0.3 && { body: 'x' }) }, target)
    // a method that Node does not know ends the connection
    return { ...request, due: 'end' }
  },
}

const dates = [
  '2026-01-00',
  '2026-13-01',
  '2026-02-30',
  '0000-00-00',
  '0000-01-01',
  '2026-01-01T25:00:00Z',
  '2026-01-01T24:00:00Z',
  '2026-01-01T23:59:60Z',
  '2026-01-01T00:00:00+99:99',
  '2026-1-1',
  '+275760-09-13',
  '-000001-01-01',
  '2026-01-01t00:00:00z',
  '2026-01-01 00:00:00',
  '1e9',
  'now',
  '9999-12-31T23:59:59.999999999999Z',
  '2026-W01-1',
  '2026-001',
  '٢٠٢٦-٠١-٠١',
]
const numbers = [
  '-1',
  '0',
  '-0',
  '1e400',
  'NaN',
  'Infinity',
  '1.5',
  '0x10',
  '9007199254740993',
  '99999999999999999999999',
  '1e3',
  ' 1',
  '1,2',
  '',
  'null',
  '٣',
  '1_000',
]
const texts = [
  '',
  '%00',
  '%',
  '%zz',
  '%ff%fe',
  '%ed%a0%80',
  '..',
  '../..',
  '%2e%2e%2f',
  '%2F',
  'a%0d%0ab',
  "'",
  '"',
  '{{7*7}}',
  '$(x)',
  '__proto__',
  'constructor',
  '😀'.repeat(20),
  '*',
  '(a+)+$',
  'x'.repeat(300),
  'x'.repeat(10_000),
  '0',
  'true',
  '[]',
  '-',
  '.',
]

const queryNames: Readonly<Record<string, readonly string[]>> = {
  createdAfter: dates,
  createdBefore: dates,
  limit: numbers,
  fromStep: numbers,
  toStep: numbers,
  maxPoints: numbers,
  tail: numbers,
  attempt: numbers,
  version: numbers,
  step: numbers,
  cursor: [...texts, 'MTIz', 'eyJhIjoxfQ', '0-0', '99999-99999', '-1--1'],
  status: [...texts, 'running', 'running,failed'],
  label: [...texts, 'a:b', ':', 'a:'],
  name: texts,
  model: texts,
  dataset: texts,
  names: [...texts, 'loss', 'loss,'.repeat(500)],
  format: [...texts, 'csv', 'json', 'text'],
  dryRun: ['true', 'false', '1', 'yes', ''],
  explain: ['true', 'x'],
  sort: texts,
  unknown: texts,
  key: texts,
}

export const queryKind: RequestKind = {
  name: 'query',
  weight: 14,
  make(random, target) {
    const gets = routesOf(target).filter(([method]) => method === 'GET')
    const [method, path] = random.pick(gets)
    const names = Object.keys(queryNames)
    const parts = Array.from({ length: 1 + random.integerBelow(3) }, () => {
      const name = random.pick(names)
      return `${name}=${encoded(random, random.pick(queryNames[name]!))}`
    })
    if (random.next() < 0.05) parts.push(...Array(random.pick([50, 500])).fill('limit=1'))
    const request = whole({ method, path: `${path}?${parts.join('&')}` }, target)
    return { ...request, due: 'end' }
  },
}

/** Mostly as a client would send it; sometimes with bytes that do not belong into a URL. */
const encoded = (random: Random, value: string) =>
  random.next() < 0.7 ? encodeURIComponent(value) : value.replaceAll(/[ \r\n]/g, '%20')

export const pathKind: RequestKind = {
  name: 'path',
  weight: 8,
  make(random, target) {
    const [method, path] = random.pick(routesOf(target))
    if (method === 'POST') return whole({ method, path: `${path}/${random.pick(texts)}` }, target)
    const segments = path.split('/')
    segments[random.integerBelow(segments.length)] = encoded(
      random,
      random.pick([...texts, ...numbers]),
    )
    const request = whole({ method, path: `/${segments.join('/').replace(/^\/+/, '')}` }, target)
    return { ...request, due: 'end' }
  },
}

const long = 'x'.repeat(3000)

const headerValues: Headers = [
  ['Accept', ''],
  ['Accept', '*/*;q=2'],
  ['Accept', 'text/html'],
  ['Accept', `${'a/b,'.repeat(700)}`],
  ['Accept', 'text/event-stream;q=0'],
  ['Accept-Encoding', 'gzip, br, x;q=-1'],
  ['Last-Event-ID', '-1'],
  ['Last-Event-ID', '1e400'],
  ['Last-Event-ID', long],
  ['Last-Event-ID', '\xff\xfe'],
  ['Idempotency-Key', ''],
  ['Idempotency-Key', long],
  ['Idempotency-Key', '../../x'],
  ['Idempotency-Key', '\xe9\xa0'],
  ['Range', 'bytes=0-'],
  ['Range', 'bytes=5-1,-,9-'],
  ['Range', `bytes=${'0-0,'.repeat(500)}`],
  ['Range', 'bytes=-99999999999999999999'],
  ['Host', ''],
  ['Host', 'evil.example'],
  ['Host', '127.0.0.1:99999'],
  ['Host', '[::1'],
  ['Host', 'localhost@evil.example'],
  ['Origin', 'null'],
  ['Origin', 'http://evil.example'],
  ['Origin', 'http://'],
  ['Expect', '100-continue'],
  ['Expect', 'x'],
  ['Authorization', ''],
  ['Authorization', 'Bearer'],
  ['Authorization', `Bearer ${long}`],
  ['Authorization', 'Basic eDp4'],
  ['Authorization', 'Bearer \xff'],
  ['Connection', 'close, keep-alive, x'],
  ['Keep-Alive', 'timeout=0, max=-1'],
  ['Upgrade', 'h2c'],
  ['If-None-Match', '*'],
  ['If-Modified-Since', 'Thu, 99 Zzz 2026 99:99:99 GMT'],
  ['If-Match', '"x"'],
  ['X-Forwarded-For', '::1, 127.0.0.1'],
  ['X-Forwarded-Host', 'evil.example'],
  ['X-Http-Method-Override', 'DELETE'],
  ['Forwarded', 'for="[::1"'],
  ['Cookie', `a=${long}`],
  ['Referer', 'javascript:1'],
  ['TE', 'trailers'],
  ['Trailer', 'Host'],
  ['Date', 'yesterday'],
  ['Transfer-Encoding', ''],
  ['Content-Type', '\xff'],
  ['Content-Disposition', 'attachment; filename="../x"'],
]

export const headerKind: RequestKind = {
  name: 'header',
  weight: 12,
  make(random, target) {
    const [method, path] = random.pick(
      routesOf(target).filter(([, each]) => each !== '/jobs/cancel'),
    )
    const headers = Array.from({ length: 1 + random.integerBelow(3) }, () =>
      random.pick(headerValues),
    )
    const text = method === 'POST' ? { ...json('{}'), path } : { method, path }
    const all: Headers = [...('headers' in text ? text.headers : []), ...headers]
    const request = whole({ ...text, headers: all }, target)
    return { ...request, due: 'end', leave: 'half-close' }
  },
}
