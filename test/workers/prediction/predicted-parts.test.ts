import assert from 'node:assert/strict'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { PartBuffer, PartsReader, readPartHeader } from '../../../src/predictions/part-file.js'
import { noScores } from '../../../src/predictions/scores.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { coverage, type StoredPart } from '../../../workers/prediction/predicted-parts.js'

const engine = { runtime: 'openvino', precision: 'fp32', threads: 2 }
const part = (first: number, end: number, of = engine): StoredPart => ({
  ...{ first, end, engine: of, folder: `${first}-${end}` },
  scores: { ...noScores(), scored: end },
})

const folders = (parts: readonly StoredPart[]) => parts.map(({ folder }) => folder)

test('parts that follow each other leave the rest to predict, with the scores so far', () => {
  const { parts, gaps } = coverage([part(0, 4), part(4, 9)], engine, 20)
  assert.deepEqual(folders(parts), ['0-4', '4-9'])
  assert.deepEqual(
    gaps.map(({ first, end, scores }) => [first, end, scores.scored]),
    [[9, 20, 9]],
  )
})

test('a part that is lost in the middle is a gap of its own', () => {
  const { gaps } = coverage([part(0, 4), part(9, 12), part(12, 20)], engine, 20)
  assert.deepEqual(
    gaps.map(({ first, end, scores }) => [first, end, scores.scored]),
    [[4, 9, 4]],
  )
})

test('of parts that overlap, those that reach further are used, and parts of another engine are not', () => {
  const other = { ...engine, threads: 8 }
  const all = [part(0, 4), part(0, 8), part(4, 8), part(6, 12, other), part(6, 10)]
  const { parts, gaps } = coverage(all, engine, 12)
  assert.deepEqual(folders(parts), ['0-8', '6-10'])
  assert.deepEqual(
    gaps.map(({ first, end }) => [first, end]),
    [[10, 12]],
  )
})

test('what a part holds is read by record, field and entry', async t => {
  const folder = await tempFolder(t)
  const fields = [
    { name: 'index', values: new Int32Array(0) },
    { name: 'probabilities', values: new Float64Array(0), items: ['a', 'b'] },
  ]
  const buffer = new PartBuffer(fields, 100)
  const reused = new Float64Array([0.1, 0.2])
  buffer.add(
    [
      { name: 'index', values: Int32Array.of(1) },
      { ...fields[1]!, values: reused },
    ],
    1,
  )
  reused.fill(9)
  const values = Float64Array.of(0.3, 0.4, 0.5, 0.6)
  buffer.add(
    [
      { name: 'index', values: Int32Array.of(2, 3) },
      { ...fields[1]!, values },
    ],
    2,
  )
  await buffer.write(folder, { engine, scores: noScores() })
  const header = await readPartHeader(folder)
  assert.deepEqual(header, { first: 100, end: 103, engine, scores: noScores() })
  const reader = new PartsReader([{ ...header, folder }], fields)
  const indices = new Int32Array(2)
  reader.read(0, 0, 101, indices)
  assert.deepEqual([...indices], [2, 3])
  const probabilities = new Float64Array(3)
  reader.read(1, 1, 100, probabilities)
  assert.deepEqual([...probabilities], [0.2, 0.4, 0.6])
})

test('records of many parts are read at once, and again from the start, with no file left open', async t => {
  const folder = await tempFolder(t)
  const fields = [
    { name: 'index', values: new Int32Array(0) },
    { name: 'values', values: new Float32Array(0), items: ['a', 'b', 'c'] },
  ]
  const at = (first: number, end: number) =>
    Array.from({ length: end - first }, (_, i) => first + i)
  const parts: StoredPart[] = []
  // the third overlaps the second
  for (const [first, end] of [
    [0, 2],
    [2, 5],
    [4, 6],
    [6, 9],
  ] as const) {
    const buffer = new PartBuffer(fields, first)
    const index = Int32Array.from(at(first, end))
    const values = Float32Array.from(
      at(first, end).flatMap(record => [record, record + 0.25, record + 0.5]),
    )
    buffer.add(
      [
        { name: 'index', values: index },
        { ...fields[1]!, values },
      ],
      end - first,
    )
    const own = join(folder, `${first}`)
    await mkdir(own)
    await buffer.write(own, { engine, scores: noScores() })
    parts.push({ ...(await readPartHeader(own)), folder: own })
  }
  const openFiles = async () => (await readdir('/proc/self/fd')).length
  const before = await openFiles()
  const reader = new PartsReader(parts, fields)
  for (const [first, count] of [
    [1, 7],
    [8, 1],
    [0, 9],
    [5, 3],
  ] as const) {
    const indices = new Int32Array(count)
    reader.read(0, 0, first, indices)
    assert.deepEqual([...indices], at(first, first + count))
    const values = new Float32Array(count)
    reader.read(1, 2, first, values)
    assert.deepEqual(
      [...values],
      at(first, first + count).map(record => record + 0.5),
    )
  }
  assert.equal(await openFiles(), before)
})
