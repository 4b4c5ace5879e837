// Requests that are as large as the server takes, right and wrong.

type Random = () => number

export interface LargeBody {
  what: string
  /** Made only when it is sent: all together would take a gigabyte. */
  body: () => Buffer
  contentType?: string
}

const MiB = 2 ** 20
const fill = (piece: string, bytes: number, end: string) =>
  piece.repeat(Math.floor((bytes - end.length) / piece.length)) + end

/** Texts of about `bytes` bytes that are values in JSON, or begin as one. */
const jsonTexts: Record<string, (bytes: number) => string> = {
  numbers: n => `[${fill('7,', n, '7]')}`,
  fractions: n => `[${fill('0.12345678901234567,', n, '1e400]')}`,
  texts: n => `[${fill('"a",', n, '"a"]')}`,
  'empty arrays': n => `[${fill('[],', n, '[]]')}`,
  'empty objects': n => `[${fill('{},', n, '{}]')}`,
  'nested arrays': n => fill('[', n / 2, '') + fill(']', n / 2, ''),
  'nested objects': n => `${fill('{"a":', n, '1')}`,
  'different fields': n =>
    `{${Array.from({ length: n / 16 }, (_, i) => `"x${1e6 + i}":1`).join()}}`,
  'numeric fields': n =>
    `{${Array.from({ length: n / 16 }, (_, i) => `"${1e6 + 7919 * i}":1`).join()}}`,
  'one field many times': n => `{${fill('"a":1,', n, '"a":1}')}`,
  'a long field': n => `{"${fill('k', n, '')}":1}`,
  'a long text': n => `"${fill('é', n / 2, '')}"`,
  escapes: n => `"${fill('\\u0041', n, '')}"`,
  'unclosed brackets': n => fill('[', n, ''),
  'an unclosed text': n => `"${fill('a', n, '')}`,
  'a late syntax error': n => `[${fill('7,', n, ']')}`,
  lines: n => fill('\n', n, 'x'),
  'forbidden fields': n => `[${fill('{"constructor":1},', n, '{"__proto__":1}]')}`,
}

export interface Schema {
  type?: string
  properties?: Record<string, Schema>
  anyOf?: Schema[]
  enum?: unknown[]
  items?: Schema
  [keyword: string]: unknown
}

/** The paths of all fields of a schema, within every branch of its unions. */
function fieldPaths(schema: Schema, path: string[] = []): string[][] {
  const branches = (schema.anyOf ?? []).flatMap(branch => fieldPaths(branch, path))
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [
    [...path, name],
    ...fieldPaths(field, [...path, name]),
  ])
  return [...branches, ...own]
}

/** `value` at a path: ['a', 'b'] → {"a":{"b":…}}. */
const wrap = (path: readonly string[], value: string): string =>
  path.reduceRight((inner, name) => `{${JSON.stringify(name)}:${inner}}`, value)

/** Bodies of a media type: every kind of text alone, and one of them in each field of the schema. */
export function largeBodies(type: string, schema: Schema, random: Random): LargeBody[] {
  if (type === 'text/csv') return sample(random, largeTables(), 4)
  if (type !== 'application/json') return [{ what: 'zeros', body: () => Buffer.alloc(MiB) }]
  const isPrediction = 'instances' in (schema.properties ?? {})
  const size = isPrediction ? 8 * MiB - 1024 : MiB - 1024
  const kinds = Object.entries(jsonTexts)
  const alone = kinds.map(([what, text]) => ({ what, body: () => Buffer.from(text(size)) }))
  const within = uniquePaths(fieldPaths(schema)).flatMap(path =>
    kinds.map(([what, text]) => ({
      what: `${what} in ${path.join('.')}`,
      body: () => Buffer.from(wrap(path, text(size - 100))),
    })),
  )
  const special = isPrediction ? largeInstances(size) : largeJobs()
  return [...sample(random, alone, 8), ...sample(random, within, 12), ...sample(random, special, 4)]
}

/** Some of the cases, or all if CASES=all: that takes minutes. */
export function sample<T>(random: Random, cases: readonly T[], count: number): T[] {
  if (process.env.CASES === 'all') return [...cases]
  const keys = new Map(cases.map(each => [each, random()]))
  return cases.toSorted((a, b) => keys.get(a)! - keys.get(b)!).slice(0, count)
}

function uniquePaths(paths: readonly string[][]): string[][] {
  return [...new Map(paths.map(path => [path.join('.'), path])).values()]
}

/** Jobs that are as large as a valid one can be, with the last entry wrong or not. */
function largeJobs(): LargeBody[] {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `c${i}`)
  const job = (columns: unknown[], monotone: object) => ({
    dataset: 'shades',
    model: { kind: 'boosting', categorical: columns, monotone },
    training: { features: columns },
  })
  const fields = (count: number, value: unknown) =>
    Object.fromEntries(names(count).map(name => [name, value]))
  const json = (what: string, value: () => unknown) => ({
    what,
    body: () => Buffer.from(JSON.stringify(value())),
  })
  const vgg = { dataset: 'shades', model: { kind: 'vgg' } }
  return [
    json('a job with 10,000 columns', () => job(names(10_000), fields(10_000, 1))),
    json('a job with 10,000 columns of the wrong type', () =>
      job(Array(10_000).fill(1), fields(10_000, 7)),
    ),
    json('a job with 10,001 columns', () => job(names(10_001), {})),
    json('60,000 unknown fields', () => ({ ...vgg, ...fields(60_000, 1) })),
    json('8,000 wrong labels', () => ({ ...vgg, labels: fields(8000, 1) })),
    json('100 unknown fields near known ones', () =>
      Object.fromEntries(names(99).map(name => [`dataset${name}`, 1])),
    ),
  ]
}

function largeInstances(size: number): LargeBody[] {
  const instances = (text: () => string) => () => Buffer.from(`{"instances":${text()}}`)
  return [
    {
      what: 'images',
      body: instances(() => `[${fill('[[1,2],[3,4]],', 256 * 14, '[[1,2],[3,4]]]')}`),
    },
    { what: 'rows without values', body: instances(() => `[${fill('{},', 3 * 9999, '{}]')}`) },
    {
      what: 'rows of numbers',
      body: instances(() => `[${fill(`[${fill('0.5,', 8000, '1]')},`, size - 9000, '[]]')}`),
    },
    { what: 'rows by name', body: instances(() => `[${fill('{"c1":1,"c2":2},', size, '{}]')}`) },
    {
      what: 'rows by unknown names',
      body: instances(() => `[${fill('{"x1":1,"x2":2},', size, '{}]')}`),
    },
  ]
}

function largeTables(): LargeBody[] {
  const bytes = 8 * MiB - 1024
  const header = Array.from({ length: 2000 }, (_, i) => `c${i}`).join()
  const texts: Record<string, string> = {
    'a long line': fill('a', bytes, ''),
    commas: fill(',', bytes, ''),
    quotes: fill('"', bytes, ''),
    'quoted line ends': `c1\n"${fill('\n', bytes - 10, '"')}`,
    'empty lines': fill('\n', bytes, ''),
    'one column': `c1\n${fill('1\n', bytes - 10, '')}`,
    'ten thousand rows': `c1,c2\n${fill('1,2\n', 40_000, '')}`,
    rows: `${header}\n${fill(`${fill('1,', 4000, '1').slice(0, 3999)}\n`, bytes - 12_000, '')}`,
    zeros: fill('\0', bytes, ''),
  }
  return Object.entries(texts).map(([what, text]) => ({ what, body: () => Buffer.from(text) }))
}

/** Forms with many or odd parts. */
export function largeForms(random: Random): LargeBody[] {
  const contentType = 'multipart/form-data; boundary=b'
  const part = (head: string, content: string) =>
    `--b\r\ncontent-disposition: form-data; ${head}\r\n\r\n${content}\r\n`
  const file = (content: string) => part('name="file"; filename="a.csv"', content)
  const texts: Record<string, string> = {
    'many fields': fill(part('name="name"', 'x'), 4 * MiB, '--b--\r\n'),
    'many files': fill(file('a'), 4 * MiB, '--b--\r\n'),
    'a long head of a part': `${part(`name="${fill('n', 64 * 1024, '')}"`, 'x')}--b--\r\n`,
    'many heads of a part': `--b\r\n${fill('a: b\r\n', 4 * MiB, '\r\n')}x\r\n--b--\r\n`,
    'a long field': `${part('name="name"', fill('x', 4 * MiB, ''))}--b--\r\n`,
    'near boundaries': `${file(fill('\r\n--', 4 * MiB, ''))}--b--\r\n`,
    'no end': file(fill('a,b\n', 4 * MiB, '')),
    noise: Buffer.from(Array.from({ length: 65_536 }, () => random() * 256)).toString('latin1'),
  }
  const forms = Object.entries(texts).map(([what, text]) => ({
    what,
    body: () => Buffer.from(text, 'latin1'),
    contentType,
  }))
  return sample(random, forms, 4)
}

const odd = [
  '%00',
  '%ED%A0%80',
  '%zz',
  '1e400',
  '-0',
  '2026-01-00',
  'T25:00:00Z',
  '%F0%9F%98%80',
  '[]',
  '99999999999999999999',
]

export function largeQueries(random: Random): { what: string; query: string }[] {
  const pick = () => odd[Math.floor(random() * odd.length)]!
  const names = [
    'limit',
    'cursor',
    'label',
    'status',
    'createdAfter',
    'names',
    'version',
    'fromStep',
    'tail',
    'format',
  ]
  return [
    {
      what: 'many unknown parameters',
      query: Array.from({ length: 2000 }, (_, i) => `x${i}`).join('&'),
    },
    { what: 'a parameter many times', query: fill('label=a:b&', 15_000, 'label=a') },
    { what: 'commas', query: `status=${fill(',', 15_000, '')}` },
    { what: 'a long label', query: `label=${fill('a.', 7000, '')}/${fill('b-', 7000, '')}:c` },
    { what: 'a long cursor', query: `cursor=${fill('0', 15_000, '')}` },
    { what: 'long names', query: `names=${fill('a,', 15_000, 'a')}` },
    { what: 'a long date', query: `createdAfter=2026-01-01T00:00:00.${fill('0', 15_000, '')}` },
    ...names.map(name => ({ what: `an odd ${name}`, query: `${name}=${pick()}` })),
  ]
}

export function largeHeaders(random: Random): { what: string; headers: string[] }[] {
  const noise = () =>
    String.fromCharCode(...Array.from({ length: 40 }, () => 33 + Math.floor(random() * 90)))
  return [
    { what: 'a long Accept', headers: [`accept: ${fill('a/b;q=0.1,', 15_000, '*/*')}`] },
    { what: 'many headers', headers: Array.from({ length: 1000 }, (_, i) => `x${i}: y`) },
    {
      what: 'odd headers',
      headers: [
        'accept',
        'range',
        'if-none-match',
        'last-event-id',
        'content-type',
        'idempotency-key',
        'origin',
        'te',
        'expect',
      ].map(name => `${name}: ${noise()}`),
    },
    { what: 'a long Idempotency-Key', headers: [`idempotency-key: ${fill('k', 15_000, '')}`] },
    { what: 'a long Last-Event-ID', headers: [`last-event-id: ${fill('9', 15_000, '')}`] },
    { what: 'a long content type', headers: [`content-type: ${fill('a', 15_000, '/b')}`] },
  ]
}
