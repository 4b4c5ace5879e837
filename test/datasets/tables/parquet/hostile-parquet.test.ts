import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { tempFolder } from '../../../../testing/temp-folder.js'
import { convertFiles } from '../convert-files.js'
import { assertDamageIsNamed } from '../damage.js'

const root = await tempFolder({ after })
const rows = 300
const numbers = Array.from({ length: rows }, (_, n) => n)

const content = new Uint8Array(
  parquetWriteBuffer({
    columnData: [
      { name: 'i', data: numbers, type: 'INT32' },
      { name: 'long', data: numbers.map(BigInt), type: 'INT64' },
      { name: 'x', data: numbers.map(n => (n % 7 === 0 ? null : n / 3)), type: 'DOUBLE' },
      { name: 'text', data: numbers.map(n => (n % 5 ? `t${n % 4}` : null)), type: 'STRING' },
      { name: 'flag', data: numbers.map(n => n % 2 === 0), type: 'BOOLEAN' },
    ],
    rowGroupSize: 100,
  }),
)

const read = (bytes: Uint8Array) => convertFiles(root, [{ name: 't.parquet', content: bytes }])

function patched(change: (bytes: Buffer) => Buffer | undefined): Buffer {
  const bytes = Buffer.from(content)
  return change(bytes) ?? bytes
}

test('a Parquet file that lies about its sizes is refused', async () => {
  const { table } = await read(content)
  assert.equal(table.records, rows)
  const end = content.length
  const refused: [change: (bytes: Buffer) => Buffer | undefined, message: RegExp][] = [
    [
      bytes => void bytes.writeUInt32LE(2 ** 32 - 1, end - 8),
      /DATASET_FORMAT t\.parquet: .* its footer takes 4294967295 bytes, of which the file has/,
    ],
    [bytes => void bytes.writeUInt32LE(1, end - 8), /its footer cannot be read/],
    [bytes => bytes.subarray(0, end - 3), /DATASET_TRUNCATED .*it ends in/],
    [bytes => bytes.subarray(0, 9), /DATASET_TRUNCATED/],
    [bytes => void bytes.write('PARE', end - 4), /encrypted, which is not read: write it without/],
    // the first page header begins at byte 4: field 1 is the type, field 2 the inflated size
    [
      bytes => void bytes.fill(0xff, 7, 11),
      /t\.parquet: byte 4|at byte 4: column 'i': the page cannot be read/,
    ],
  ]
  for (const [change, message] of refused) {
    await assert.rejects(read(patched(change)), (error: Error & { code: string }) => {
      assert.match(`${error.code} ${error.message}`, message)
      return true
    })
  }
})

test('damage anywhere in a Parquet file is named, or read as other values', async () => {
  await assertDamageIsNamed(content, read)
})
