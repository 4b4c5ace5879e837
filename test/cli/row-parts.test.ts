import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kindOf } from '../../src/cli/models/input-files.js'
import { partsOfCsv, partsOfRows, rowsOfJson } from '../../src/cli/models/row-parts.js'

const limits = { rows: 2, bytes: 1000 }
const parts = (text: string, own = limits) => [...partsOfCsv(text, own)]

test('a CSV is divided between its records, each part with the header', () => {
  assert.deepEqual(parts('a,b\n1,2\n3,4\n5,6\n'), [
    { content: 'a,b\n1,2\n3,4\n', rowsBefore: 0 },
    { content: 'a,b\n5,6\n', rowsBefore: 2 },
  ])
})

test('line ends within quotes end no record, and all line ends stay', () => {
  const [first, second, ...others] = parts('a,b\r\n"x\r\n""y""\n",2\r\n\r\n3,4\r\n5,6')
  assert.equal(first?.content, 'a,b\r\n"x\r\n""y""\n",2\r\n\r\n3,4\r\n')
  assert.equal(second?.content, 'a,b\r\n5,6')
  assert.deepEqual(others, [])
})

test('a part ends before it has too many bytes, of which a long record may have more', () => {
  const contents = parts('a\n1234\n56\n7890123456\n8\n', { rows: 100, bytes: 10 }).map(
    ({ content }) => content,
  )
  assert.deepEqual(contents, ['a\n1234\n56\n', 'a\n7890123456\n', 'a\n8\n'])
})

test('a CSV without rows goes to the server, which refuses it', () => {
  assert.deepEqual(parts('a,b\n'), [{ content: 'a,b\n', rowsBefore: 0 }])
  assert.deepEqual(parts(''), [])
})

test('rows of JSON are a list, an object, or the instances of a request', () => {
  const rows = (text: string, kind: 'json' | 'jsonLines' = 'json') =>
    rowsOfJson({ name: 'x', kind, content: Buffer.from(text) })
  assert.deepEqual(rows('[{"a":1},[2]]'), [{ a: 1 }, [2]])
  assert.deepEqual(rows('{"a":1}'), [{ a: 1 }])
  assert.deepEqual(rows('{"instances":[{"a":1}]}'), [{ a: 1 }])
  assert.deepEqual(rows('{"a":1}\n\n{"a":2}\n', 'jsonLines'), [{ a: 1 }, { a: 2 }])
  assert.throws(() => rows('{"a":'), /x is no JSON/)
  assert.deepEqual([...partsOfRows([1, 2, 3], limits)], [[1, 2], [3]])
})

test('what a file has is told by its ending, or else by its first bytes', () => {
  const kind = (name: string, content: string | Buffer) => kindOf(name, Buffer.from(content))
  assert.equal(kind('a.CSV', '{}'), 'csv')
  assert.equal(kind('a.jpeg', ''), 'image')
  assert.equal(kind('-', 'PAR1....'), 'parquet')
  assert.equal(kind('-', 'ARROW1..'), 'arrow')
  assert.equal(kind('-', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])), 'image')
  assert.equal(kind('-', ' [{"a":1}]'), 'json')
  assert.equal(kind('-', '{"a":1}'), 'json')
  assert.equal(kind('-', '{"a":1}\n{"a":2}\n'), 'jsonLines')
  assert.equal(kind('-', 'a,b\n1,2\n'), 'csv')
})
