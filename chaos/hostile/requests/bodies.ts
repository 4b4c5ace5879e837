// JSON and CSV bodies of every size, depth and encoding.
import { gzipSync } from 'node:zlib'
import type { Random } from '../../random.js'
import { type Headers, json } from './http-text.js'
import { bytes, type RequestKind, type Target, whole } from './target.js'

const MiB = 2 ** 20

const jsonRoutes = ({ model }: Target) => [
  '/jobs',
  '/jobs?dryRun=true',
  '/jobs/cancel',
  '/webhooks',
  `/models/${model}/predict`,
]

/** Around the limits of JSON bodies (1 MiB) and of predictions (8 MiB). */
export const sizeKind: RequestKind = {
  name: 'size',
  weight: 2,
  make(random, target) {
    const path = random.pick(jsonRoutes(target))
    const limit = path.includes('predict') ? 8 * MiB : MiB
    const size = random.pick([0, 1, 2, limit - 1, limit, limit + 1, 2 * limit])
    const text = random.pick([
      () => `"${'x'.repeat(Math.max(0, size - 2))}"`,
      () => ' '.repeat(size),
      () => `[${'1,'.repeat(Math.max(0, size / 2 - 2))}1]`,
      () => `{"instances":[${'{},'.repeat(Math.max(0, size / 3 - 6))}{}]}`,
      () => '9'.repeat(size),
    ])()
    return whole({ path, ...json(text), chunked: random.next() < 0.5 }, target)
  },
}

/** A length that the body does not have. */
export const promisedSizeKind: RequestKind = {
  name: 'promised size',
  weight: 2,
  make(random, target) {
    const length = random.pick(['99999999999', '9007199254740993', '1048577', '8388609'])
    const headers = [
      ['Content-Type', 'application/json'],
      ['Content-Length', length],
      ...(random.next() < 0.3 ? [['Expect', '100-continue'] as const] : []),
    ] as Headers
    const path = random.pick(jsonRoutes(target))
    const request = whole({ method: 'POST', path, headers, body: '{' }, target)
    return { ...request, due: 'end', leave: 'half-close' }
  },
}

const depths = [10, 100, 1000, 5000, 50_000]
const counts = [10, 101, 1000, 20_000]

const jsonTexts: readonly ((random: Random) => string)[] = [
  random => '['.repeat(random.pick(depths)),
  random => '{"a":'.repeat(random.pick(depths)),
  random => {
    const depth = random.pick(depths)
    return `${'['.repeat(depth)}${']'.repeat(depth)}`
  },
  random => {
    const depth = random.pick(depths)
    return `${'{"model":'.repeat(depth)}1${'}'.repeat(depth)}`
  },
  random => `{"freeze":[${Array(random.pick(counts)).fill('1').join(',')}]}`,
  random => `{"training":{"freeze":[${Array(random.pick(counts)).fill('"*a*"').join(',')}]}}`,
  random => `{${Array.from({ length: random.pick(counts) }, (_, i) => `"field${i}":1`).join(',')}}`,
  random =>
    `{"dataset":"x","labels":{${Array.from({ length: random.pick(counts) }, (_, i) => `"label${i}":1`).join(',')}}}`,
  random => `{"instances":[${Array(random.pick(counts)).fill('[[[1]]]').join(',')}]}`,
  random => `{"instances":[${Array(random.pick(counts)).fill('{"b64":"!"}').join(',')}]}`,
  random => `{"instances":[${Array(random.pick(counts)).fill('{"x":"y","z":null}').join(',')}]}`,
  random => `{"model":{"kind":"${'x'.repeat(random.pick(counts))}"}}`,
  random =>
    `{"dataset":"a","dataset":"b","model":${'{"kind":"resnet"}'}}${' '.repeat(random.integerBelow(9))}`,
  () => '{"__proto__":{"admin":true},"constructor":{"prototype":{}}}',
  () => '{"dataset":"\\ud800","name":"\\udfff\\ud800"}',
  () => '{"dataset":"a\\u0000b","name":"\\u0000"}',
  () => '{"dataset":"../../../etc/passwd","name":"..\\\\.."}',
  random =>
    `{"dataset":"x","training":{"steps":${random.pick(['1e400', '-0', 'NaN', '-1', '0.5', '1e308', '9007199254740993', 'Infinity', '01', '+1', '.5', '1.', '0x10', '1e', '-'])}}}`,
  random =>
    `{"model":{"kind":"boosting","rounds":${random.pick(['1e9', '-5', '1e400', '"5"', 'true', '[5]', 'null'])}}}`,
  random => `{"model":{"kind":"resnet","freeze":["${'*'.repeat(random.pick([5, 30, 300]))}zz!"]}}`,
  () => '',
  () => 'null',
  () => '"text"',
  () => '[]',
  () => 'true',
  () => '{',
  () => '{"a":1}}',
  () => '{"a":1,}',
  () => "{'a':1}",
  () => '/* comment */ {}',
]

export const jsonKind: RequestKind = {
  name: 'json',
  weight: 14,
  make(random, target) {
    const path = random.pick(jsonRoutes(target).slice(0, 5))
    return whole({ path, ...json(random.pick(jsonTexts)(random)) }, target)
  },
}

const valid = '{"dataset":"none","model":{"kind":"resnet"},"training":{"steps":5}}'

const encodings: readonly ((random: Random) => { body: Buffer; type?: string; coding?: string })[] =
  [
    () => ({ body: gzipSync(valid), coding: 'gzip' }),
    () => ({ body: Buffer.from(valid), coding: 'gzip' }),
    () => ({ body: gzipSync(Buffer.alloc(20 * MiB)), coding: 'gzip' }),
    random => ({
      body: Buffer.from(valid),
      coding: random.pick(['br', 'identity', 'x', '', 'gzip, gzip']),
    }),
    () => ({
      body: Buffer.concat([
        Buffer.from('{"dataset":"'),
        Buffer.from([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80]),
        Buffer.from('"}'),
      ]),
    }),
    () => ({ body: Buffer.from(valid, 'utf16le') }),
    () => ({
      body: Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(valid, 'utf16le')]),
      type: 'application/json; charset=utf-16',
    }),
    () => ({ body: Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(valid)]) }),
    () => ({ body: Buffer.concat([Buffer.from(valid), Buffer.from([0])]) }),
    random => ({ body: bytes(random, 1 + random.integerBelow(2000)) }),
    random => ({
      body: Buffer.from(valid),
      type: random.pick([
        '',
        'text/plain',
        'application/xml',
        'application/json; charset=latin1',
        'application/json;;;',
        'APPLICATION/JSON',
        'application/jsonx',
        'application/json, text/plain',
        '*/*',
        'json',
        'multipart/form-data',
        'application/x-www-form-urlencoded',
        `application/${'j'.repeat(4000)}`,
        'text/csv',
        'image/png',
        'application/octet-stream',
        'application/problem+json',
      ]),
    }),
  ]

export const encodingKind: RequestKind = {
  name: 'encoding',
  weight: 8,
  make(random, target) {
    const { body, type = 'application/json', coding } = random.pick(encodings)(random)
    const headers: Headers = [
      ...(type === '' ? [] : [['Content-Type', type] as const]),
      ...(coding === undefined ? [] : [['Content-Encoding', coding] as const]),
    ]
    const path = random.pick([...jsonRoutes(target), '/datasets', '/weights'])
    return whole({ method: 'POST', path, headers, body }, target)
  },
}

const csvTexts: readonly ((random: Random) => string)[] = [
  () => '',
  () => '\n'.repeat(5000),
  random => `a,b\n${'1,2\n'.repeat(random.pick(counts))}`,
  random => `${'a,'.repeat(random.pick(counts))}b\n1\n`,
  random => `a,b\n"${'x'.repeat(random.pick(counts))}`,
  random => `a,b\n${'"'.repeat(random.pick(counts))},2\n`,
  () => 'a,a,a\n1,2,3\n',
  () => 'a;b\n1,5;2,5\n',
  () => 'a,b\n1e400,-0\nNaN,Infinity\n',
  () => 'a\0b,c\n1,2\n',
]

const predictQueries = [
  ...['', '?explain=true', '?version=1', '?version=0', '?version=99999999999999999999'],
  ...['?topK=5', '?topK=1e9', '?outputs=label,logits', '?outputs=,', '?format=arrow', '?format=x'],
  ...['?shape=2,2&dtype=uint8', '?shape=999999999,999999999,9,9&dtype=float64', '?dtype=float32'],
]

const binaryTypes = [
  ...['image/png', 'image/jpeg', 'application/octet-stream', 'application/vnd.apache.parquet'],
  ...['application/vnd.apache.arrow.stream', 'application/vnd.apache.arrow.file'],
]

/** How files begin, and an Arrow stream whose metadata is said to be long. */
const signatures = [
  ...['', '\x89PNG\r\n\x1a\n', '\xff\xd8\xff\xe0', 'PAR1', 'ARROW1\0\0'],
  '\xff\xff\xff\xff\xff\xff\xff\x7f',
]

const acceptHeaders = ['text/csv', 'image/*;q=1', 'application/json;q=0', 'a/b,'.repeat(500), ';q=']

export const predictKind: RequestKind = {
  name: 'predict body',
  weight: 6,
  make(random, target) {
    const path = `/models/${target.model}/predict${random.pick(predictQueries)}`
    if (random.next() < 0.5) {
      const headers: Headers = [['Content-Type', 'text/csv']]
      return whole({ method: 'POST', path, headers, body: random.pick(csvTexts)(random) }, target)
    }
    const type = random.pick(binaryTypes)
    const signature = random.pick(signatures)
    const body = Buffer.concat([
      Buffer.from(signature, 'latin1'),
      bytes(random, random.integerBelow(3000)),
    ])
    const headers: Headers = [
      ['Content-Type', type],
      ...(random.next() < 0.3 ? [['Accept', random.pick(acceptHeaders)] as const] : []),
    ]
    return whole({ method: 'POST', path, headers, body }, target)
  },
}
