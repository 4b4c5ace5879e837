import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { readBlocks } from '../../../src/datasets/tables/blocks/block-reader.js'
import { BlockSurvey } from '../../../src/datasets/tables/blocks/block-survey.js'
import { CsvKernel } from '../../../src/datasets/tables/blocks/csv-kernel.js'
import { plainFormat } from '../../../src/datasets/tables/cell-format.js'
import { CellParser } from '../../../src/datasets/tables/cell-parser.js'
import { ColumnStatistics } from '../../../src/datasets/tables/columns/column-survey.js'
import { type CsvLimits, CsvReader, type CsvRow } from '../../../src/datasets/tables/csv.js'
import { packageFolder } from '../../../src/places.js'
import type { CellFormat, ColumnType } from '../../../src/spec/dataset.js'

interface Setting {
  columns: number
  declared: ColumnType | null
  format: CellFormat
  maxDistinct: number
  limits: CsvLimits
}

const comma = 44
const plain: Setting = {
  columns: 3,
  declared: null,
  format: plainFormat,
  maxDistinct: 5,
  limits: { rowBytes: 2 ** 20, columns: 100 },
}

/** What a reading of a file finds: everything that a table is made of. */
interface Reading {
  stats: ColumnStatistics[]
  /** Number and index of the text of each cell, by column. */
  numbers: number[][]
  texts: number[][]
  ragged: { line: number; fields: number }[]
  error: unknown
}

const sourceOf = (content: string | Buffer) => {
  const bytes = Buffer.from(content)
  return {
    name: 'table.csv',
    size: bytes.length,
    // a copy, since readers write into it
    read: (offset: number, length: number) => Buffer.from(bytes.subarray(offset, offset + length)),
  }
}

const delimiterOf = ({ format }: Setting) => (format.decimal === ',' ? 59 : comma)

function read(
  content: string | Buffer,
  setting: Setting,
  inBlocks: boolean,
  // what the size of the files is said to be: for large ones, there is another thread
  threadedBytes = 0,
): Reading {
  const { columns, declared, format, maxDistinct, limits } = setting
  const cells = new CellParser(format)
  const stats = Array.from(
    { length: columns },
    (_, index) => new ColumnStatistics(index, declared, maxDistinct, cells, 4),
  )
  const file = sourceOf(content)
  const reading: Reading = {
    stats,
    numbers: stats.map(() => []),
    texts: stats.map(() => []),
    ragged: [],
    error: null,
  }
  const onRow = (row: CsvRow) => {
    if (row.fieldCount !== columns) {
      reading.ragged.push({ line: row.line, fields: row.fieldCount })
      return
    }
    for (const [column, each] of stats.entries()) {
      const quoted = row.quoted[column] !== 0
      each.add(row.bytes, row.starts[column]!, row.ends[column]!, quoted, row, file.name)
      reading.numbers[column]!.push(each.lastNumber)
      reading.texts[column]!.push(each.lastText)
    }
  }
  try {
    const reader = new CsvReader(file, delimiterOf(setting), limits)
    if (!inBlocks) reader.forEachRow(onRow)
    else {
      using kernel = new CsvKernel(columns, limits.rowBytes, threadedBytes, format.decimal)
      const survey = new BlockSurvey(kernel, stats, ({ rows, cells }, hasNumbers) => {
        for (let column = 0; column < columns; column++) {
          const numbers = hasNumbers[column]
            ? cells.numbersOf(column, rows)
            : new Float64Array(rows).fill(Number.NaN)
          reading.numbers[column]!.push(...numbers)
          reading.texts[column]!.push(...cells.textsOf(column, rows))
        }
      })
      readBlocks({ kernel, survey, row: onRow }, reader, file, delimiterOf(setting))
    }
  } catch (error) {
    reading.error = error
  }
  return reading
}

/** What of a reading ends in the table, or in messages. */
function summaryOf({ stats, numbers, texts, ragged, error }: Reading) {
  return {
    error: error instanceof Error ? error.message : error,
    ragged,
    numbers,
    // texts of a column with too many are not kept
    texts: texts.map((each, column) => (stats[column]!.countsTexts ? each : [])),
    stats: stats.map(each => ({
      ...{ ...each, values: null, cells: null, lastNumber: null, lastText: null },
      values: Array.from({ length: each.values.size }, (_, index) => [
        each.values.text(index).toString(),
        each.values.count(index),
      ]),
      overflowed: each.values.overflowed,
    })),
  }
}

function assertSame(content: string | Buffer, setting: Setting, fileBytes = 0): void {
  const inBlocks = read(content, setting, true, fileBytes)
  const [one, other] = [inBlocks, read(content, setting, false)].map(summaryOf)
  // of a file that cannot be read, nothing else is used
  if (other!.error !== null) assert.equal(one!.error, other!.error)
  else assert.deepEqual(one, other)
}

const words = [
  'NA',
  'NA',
  'NA',
  'n/a',
  '?',
  '-',
  'null',
  '-1.#IND',
  'true',
  'False',
  'yes',
  'T',
  '1',
  '0',
]
const digits = fc.stringMatching(/^[+-]?[0-9]{0,24}\.?[0-9]{0,24}([eE][+-]?[0-9]{1,3})?$/)
const number = fc.oneof(
  fc.double({ noNaN: true }).map(String),
  fc.integer().map(String),
  fc.stringMatching(/^0?[0-9]{1,6}(\.[0-9]{1,3})?$/),
  fc.stringMatching(/^0{20,24}[1-9]$/),
  digits,
)
const text = fc.oneof(
  fc.constantFrom(...words),
  fc.stringMatching(/^[a-zA-Zäß <#?|,;"\n-]{0,12}$/u),
  fc.stringMatching(/^kind [0-9]{1,2}$/),
  fc.stringMatching(/^[a-z]{8,40}$/),
)
const cell = fc.oneof(
  { weight: 4, arbitrary: number },
  { weight: 2, arbitrary: text },
  { weight: 1, arbitrary: fc.constant('') },
)
const quote = (value: string) => `"${value.replaceAll('"', '""')}"`

/** A file as a program writes it: each column has cells of its own kind. */
const tableOf = (columns: number, delimiter: string) =>
  fc
    .tuple(
      fc.array(fc.constantFrom(number, text, cell), { minLength: columns, maxLength: columns }),
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.boolean(),
    )
    .chain(([kinds, lineEnd, quotesAll]) =>
      fc.array(fc.tuple(...kinds, fc.nat(30)), { maxLength: 40 }).map(rows =>
        rows
          .map(row => {
            const cells = row.slice(0, columns).map(each => {
              const value = String(each)
              const isQuoted = quotesAll || Number(row[columns]) > 25 || /[",;\r\n]/.test(value)
              return isQuoted ? quote(value) : value
            })
            const strange = row[columns]
            if (strange === 0) cells.pop()
            if (strange === 1) cells[0] = ` ${cells[0]} `
            if (strange === 2) return ''
            return cells.join(delimiter)
          })
          .join(lineEnd),
      ),
    )

const anyLimits = fc
  .constantFrom(40, 200, 1000, 2 ** 20)
  .map(rowBytes => ({ rowBytes, columns: 100 }))
const anyColumns = fc.constantFrom(1, 2, 3)

test('blocks of rows have the statistics, numbers and texts of single rows', () => {
  const anyType = fc.constantFrom<ColumnType | null>(
    ...([null, null, null, 'number', 'integer', 'boolean', 'category', 'text'] as const),
  )
  const setting = fc.record({
    columns: anyColumns,
    declared: anyType,
    format: fc.constantFrom<CellFormat>(
      plainFormat,
      plainFormat,
      { ...plainFormat, decimal: ',' },
      { ...plainFormat, missing: ['kind 1', '0'] },
      { decimal: ',', thousands: '.', missing: [] },
    ),
    maxDistinct: fc.constantFrom(3, 1000),
    limits: anyLimits,
  })
  const tables = setting.chain(each =>
    tableOf(each.columns, String.fromCharCode(delimiterOf(each))).map(content => ({
      content,
      each,
    })),
  )
  fc.assert(
    fc.property(tables, ({ content, each }) => assertSame(content, each)),
    { numRuns: 2000 },
  )
})

test('any bytes are read, or refused, as single rows are', () => {
  const bytes = fc.array(fc.constantFrom(...Buffer.from('",;\n\r\r\n 1a.é\0\xffx"'), comma), {
    maxLength: 80,
  })
  fc.assert(
    fc.property(bytes, anyColumns, anyLimits, (each, columns, limits) =>
      assertSame(Buffer.from(each), { ...plain, columns, limits }),
    ),
    { numRuns: 3000 },
  )
})

test('a strange byte anywhere among plain rows is read as single rows are', () => {
  const anyRows = fc.constantFrom(1, 3, 20).chain(columns =>
    fc.record({
      columns: fc.constant(columns),
      rows: fc.array(
        fc.array(fc.stringMatching(/^[a-z0-9. ]{0,9}$/), {
          minLength: columns,
          maxLength: columns,
        }),
        { minLength: 1, maxLength: 20 },
      ),
      lineEnd: fc.constantFrom('\n', '\r\n'),
      strange: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(6)), {
        maxLength: 2,
      }),
    }),
  )
  const limits = { rowBytes: 2 ** 12, columns: 100 }
  fc.assert(
    fc.property(anyRows, ({ columns, rows, lineEnd, strange }) => {
      const content = Buffer.from(rows.map(row => row.join()).join(lineEnd) + lineEnd)
      for (const [place, which] of strange)
        content[Math.floor(place * (content.length - 1))] = Buffer.from('",\n\r x\t')[which]!
      assertSame(content, { ...plain, columns, limits })
    }),
    { numRuns: 500 },
  )
})

test('numbers in blocks are the nearest float64', () => {
  const anyBits = fc
    .bigInt({ min: 0n, max: 2n ** 64n - 1n })
    .map(bits => new Float64Array(BigUint64Array.of(bits).buffer)[0]!)
    .filter(value => Math.abs(value) <= 3e38)
  const halfway = fc.tuple(fc.integer({ min: 2 ** 30 }), fc.nat(30)).map(([whole, shift]) => {
    // one bit more than float64 has, exactly in the middle of two numbers
    const odd = 2n * (BigInt(whole) * 2n ** 23n + BigInt(shift)) + 1n
    return String(odd)
  })
  const written = fc.oneof(anyBits.map(String), halfway, number, digits)
  fc.assert(
    fc.property(fc.array(written, { minLength: 1, maxLength: 50 }), texts => {
      const { numbers, stats } = read(texts.join('\n'), { ...plain, columns: 1 }, true)
      const expected = texts.filter(each => each !== '')
      for (const [row, value] of numbers[0]!.entries()) {
        if (Number.isNaN(value)) continue
        assert.ok(Object.is(value, Number(expected[row])), `${expected[row]} is ${value}`)
      }
      const isNumber = (each: string) => each !== '' && Math.abs(Number(each)) <= 3.4e38
      assert.equal(stats[0]!.numbers, expected.filter(isNumber).length)
    }),
    { numRuns: 1000 },
  )
})

test('many blocks, and rows between them that only the slow reader takes, are one table', () => {
  const lines = Array.from({ length: 60_000 }, (_, row) => {
    if (row % 9973 === 5) return '1,2'
    if (row % 7001 === 3) return `"${row}",NA,"a ""quoted"" text, and\nanother line"`
    return `${row},${row / 7},kind ${row % 3000}`
  })
  const limits = { rowBytes: 2 ** 18, columns: 100 }
  for (const maxDistinct of [100, 3000, 100_000])
    for (const fileBytes of [0, 2 ** 30])
      assertSame(lines.join('\n'), { ...plain, maxDistinct, limits }, fileBytes)
})

test('the WebAssembly is what its source compiles to', () => {
  const script = join(packageFolder, 'scripts', 'build-kernels.mjs')
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
})
