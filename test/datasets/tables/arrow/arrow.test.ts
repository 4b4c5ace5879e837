import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { tableFromArrays, tableToIPC } from 'apache-arrow'
import { needsDataWitnesses } from '../../../../testing/data-witnesses.js'
import { tempFolder } from '../../../../testing/temp-folder.js'
import { assertSameValues } from '../compare-tables.js'
import { convertFiles } from '../convert-files.js'
import { assertDamageIsNamed } from '../damage.js'
import { writeTables } from '../python-tables.js'

const root = await tempFolder({ after })

const write = `
for codec in ["uncompressed", "lz4", "zstd"]:
    feather.write_feather(table, f"{folder}/{codec}.feather", compression=codec, chunksize=700)
feather.write_feather(nested.select(["list", "i8", "struct"] + table.column_names[1:]), f"{folder}/nested.feather")
table.to_pandas().set_index(pd.Index(["r%d" % i for i in range(rows)])).to_parquet(f"{folder}/x.parquet")
with pa.ipc.new_stream(f"{folder}/stream.arrows", table.schema) as stream:
    stream.write_table(table, max_chunksize=900)
views = table.set_column(table.column_names.index("text"), "text", pa.array([t and t + "-a longer text" for t in table["text"].to_pylist()], pa.string_view()))
plain = views.set_column(table.column_names.index("text"), "text", views["text"].cast(pa.string()))
for name, each in [("views", views), ("plain", plain)]:
    with pa.ipc.new_file(f"{folder}/{name}.arrow", each.schema) as file:
        file.write_table(each, max_chunksize=800)
growing = [pa.array(values).dictionary_encode() for values in (["a", "b"], ["a", "b", "c"])]
growing[1] = pa.DictionaryArray.from_arrays(pa.array([2, 1, 0]), pa.array(["a", "b", "c"]))
options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
schema = pa.schema([("d", growing[0].type.__class__ and pa.dictionary(pa.int32(), pa.string()))])
with pa.ipc.new_stream(f"{folder}/delta.arrows", schema, options=options) as stream:
    for indices, values in [([0, 1], ["a", "b"]), ([2, 1, 0], ["a", "b", "c"])]:
        array = pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), pa.array(values))
        stream.write_batch(pa.record_batch([array], schema=schema))
feather.write_feather(table.select(["i8"]), f"{folder}/old.feather", version=1)
`

test('reads every type and compression that pyarrow writes', needsDataWitnesses, async () => {
  const expected = await writeTables(root, write)
  const path = (name: string) => join(root, name)
  const plain = await convertFiles(root, [path('uncompressed.feather')])
  assertSameValues(plain, expected)
  for (const name of ['lz4.feather', 'zstd.feather', 'stream.arrows']) {
    const { table } = await convertFiles(root, [path(name)])
    assert.equal(table.id, plain.table.id, name)
  }
  const nested = await convertFiles(root, [path('nested.feather')])
  assert.equal(nested.table.id, plain.table.id)
  assert.match(nested.notes, /left out: 'list', 'struct'/)
  const views = await convertFiles(root, [path('views.arrow')])
  const texts = await convertFiles(root, [path('plain.arrow')])
  assert.equal(views.table.id, texts.table.id)
  const delta = await convertFiles(root, [path('delta.arrows')])
  assert.deepEqual(delta.table.sample.flat(), ['a', 'b', 'c', 'b', 'a'])
  const twice = await convertFiles(root, [path('lz4.feather'), path('stream.arrows')])
  assert.equal(twice.table.records, 2 * plain.table.records)
  await assert.rejects(convertFiles(root, [path('old.feather')]), /a Feather 1 file: write it as/)
})

const rows = 200
const numbers = Array.from({ length: rows }, (_, n) => n)
const small = tableFromArrays({
  x: Float64Array.from(numbers, n => n / 3),
  i: Int32Array.from(numbers),
  long: BigInt64Array.from(numbers, n => BigInt(n)),
  text: numbers.map(n => (n % 5 ? `t${n % 4}` : null)),
})

test('an Arrow file that is cut, or is no table, is refused', async () => {
  const content = tableToIPC(small, 'file')
  const read = (bytes: Uint8Array) => convertFiles(root, [{ name: 't.arrow', content: bytes }])
  assert.equal((await read(content)).table.records, rows)
  await assert.rejects(read(content.subarray(0, -4)), /t\.arrow: the Arrow file is not complete/)
  const footer = Uint8Array.from(content)
  footer.fill(127, content.length - 10, content.length - 6)
  await assert.rejects(read(footer), /its footer is said to take 2139062143 bytes/)
  const stream = tableToIPC(small, 'stream')
  assert.equal((await read(stream)).table.records, rows)
  await assert.rejects(read(stream.subarray(0, -400)), /ends within a message/)
})

test('damage anywhere in an Arrow file is named, or read as other values', async () => {
  for (const form of ['file', 'stream'] as const) {
    await assertDamageIsNamed(
      tableToIPC(small, form),
      content => convertFiles(root, [{ name: 't.arrow', content }]),
      40,
    )
  }
})

test('damage in compressed Arrow files is named', needsDataWitnesses, async () => {
  await writeTables(
    root,
    `
for codec in ["lz4", "zstd"]:
    feather.write_feather(table.slice(0, 200).select(["i64", "f64", "text", "coded"]), f"{folder}/small-{codec}.feather", compression=codec)
`,
  )
  for (const codec of ['lz4', 'zstd']) {
    const content = readFileSync(join(root, `small-${codec}.feather`))
    await assertDamageIsNamed(
      content,
      bytes => convertFiles(root, [{ name: 'f', content: bytes }]),
      40,
    )
  }
})
