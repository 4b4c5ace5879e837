import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type NpyArray, openNpy } from '../../../src/datasets/arrays/npy.js'
import { isNumeric, numberReader, readText } from '../../../src/datasets/arrays/npy-type.js'
import { parsePythonLiteral } from '../../../src/datasets/arrays/python-literal.js'
import { InputFile } from '../../../src/datasets/input-file.js'
import { TrainyardError } from '../../../src/errors.js'
import { needsDataWitnesses, runPython } from '../../../testing/data-witnesses.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { npy } from './npy-file.js'

const open = (path: string): NpyArray =>
  openNpy('a', new InputFile('a.npy', path), { file: 'a.npy' })

/** All elements in C order. */
function elements(array: NpyArray): unknown[] {
  const element = array.type.element!
  const read = isNumeric(element)
    ? numberReader(element)
    : (bytes: Buffer, at: number) => readText(element, bytes, at)
  return Array.from({ length: array.rows }, (_, row) => {
    const bytes = array.readRow(row)
    return Array.from({ length: array.rowItems }, (_, i) => read(bytes, i * element.bytes))
  }).flat()
}

const refusal = (folder: string, content: Uint8Array): string => {
  const path = join(folder, 'a.npy')
  writeFileSync(path, content)
  try {
    open(path)
  } catch (error) {
    if (error instanceof TrainyardError) return `${error.code} ${error.message}`
    throw error
  }
  return 'accepted'
}

test(
  'arrays of NumPy read as NumPy reads them: types, byte orders, C and Fortran order, versions',
  needsDataWitnesses,
  async t => {
    const folder = await tempFolder(t)
    const written = await runPython(
      `
import json, sys
import numpy as np
from numpy.lib import format
folder = sys.argv[1]
rng = np.random.default_rng(1)
cases = []
def save(array, version=None):
    path = f'{folder}/{len(cases)}.npy'
    with open(path, 'wb') as file:
        format.write_array(file, array, version=version, allow_pickle=False)
    flat = np.ascontiguousarray(array).ravel()
    values = [float(v) for v in flat] if array.dtype.kind in 'biuf' else [v.decode() if isinstance(v, bytes) else str(v) for v in flat]
    cases.append({'path': path, 'shape': list(array.shape), 'values': values, 'what': f'{array.dtype.str} {array.flags.f_contiguous} {version}'})
for kind in ['u1', 'i1', 'u2', 'i2', 'u4', 'i4', 'u8', 'i8', 'f2', 'f4', 'f8', 'b1']:
    for order in '<>':
        values = rng.integers(-100, 100, (3, 4, 2)) if kind[0] != 'u' else rng.integers(0, 200, (3, 4, 2))
        array = (values / 8 if kind[0] == 'f' else values).astype(np.dtype(order + kind))
        save(array)
        save(np.asfortranarray(array))
        save(array[:, 0, 0])
save(np.array([1e-7, 6.1e-5, 65504, -0.0], 'f2'))
for texts in [['a', 'Katze', '\\u732b', '\\U0001f408'], ['', 'x']]:
    for order in '<>':
        save(np.array(texts, order + 'U8'))
save(np.array([b'cat', b'dog'], 'S5'))
save(np.zeros((2, 3), 'f4'), (1, 0))
save(np.zeros((2, 3), 'f4'), (2, 0))
save(np.zeros((2, 3), 'f4'), (3, 0))
save(np.asfortranarray(rng.integers(0, 255, (700, 5, 3, 2)).astype('u1')))
print(json.dumps(cases))
`,
      folder,
    )
    const cases = JSON.parse(written) as {
      path: string
      shape: number[]
      values: unknown[]
      what: string
    }[]
    assert.ok(cases.length > 80)
    for (const { path, shape, values, what } of cases) {
      const array = open(path)
      assert.deepEqual(array.shape, shape, what)
      assert.deepEqual(elements(array), values, what)
    }
  },
)

test(
  'arrays in Fortran order that are larger than a block read as NumPy reads them',
  needsDataWitnesses,
  async t => {
    const folder = await tempFolder(t)
    const path = join(folder, 'large.npy')
    // 40 MB, in blocks of 32 MiB
    await runPython(
      `
import sys
import numpy as np
array = (np.arange(10_000 * 1000, dtype='i4') * 7919).reshape(10_000, 50, 20)
np.save(sys.argv[1], np.asfortranarray(array))
`,
      path,
    )
    const array = open(path)
    for (const row of [0, 1, 8387, 8388, 8389, 9999, 5]) {
      const bytes = array.readRow(row)
      for (const item of [0, 1, 999]) {
        assert.equal(bytes.readInt32LE(4 * item), Math.imul(row * 1000 + item, 7919), `row ${row}`)
      }
    }
  },
)

test(
  'objects, pickles and types that are not read are refused by name, with what helps',
  needsDataWitnesses,
  async t => {
    const folder = await tempFolder(t)
    await runPython(
      `
import sys
import numpy as np
for name, array in {
    'object': np.array(['cat', 3, None], dtype=object),
    'date': np.array(['2024-01-01'], 'M8[ns]'),
    'duration': np.array([3], 'm8[s]'),
    'complex': np.array([1j]),
    'void': np.zeros(3, 'V2'),
    'nested': np.zeros(3, [('a', [('b', 'f4')])]),
    'sub': np.zeros(3, [('a', 'f4', (2,))]),
    'field': np.zeros(3, [('a', 'O'), ('b', 'f4')]),
}.items():
    np.save(f'{sys.argv[1]}/{name}.npy', array, allow_pickle=True)
np.save(f'{sys.argv[1]}/scalar.npy', np.float32(3))
np.save(f'{sys.argv[1]}/nothing.npy', np.zeros((0, 28, 28)))
`,
      folder,
    )
    for (const [name, expected] of [
      ['object', /^DATASET_FORMAT .*Python objects.*a pickle can run any program.*\.astype\(str\)/],
      ['date', /datetime64.*astype\("int64"\)/],
      ['duration', /timedelta64/],
      ['complex', /complex numbers: save their real/],
      ['void', /bfloat16.*astype\("float32"\)/],
      ['nested', /the field 'a' holds records/],
      ['sub', /the field 'a' holds an array in each record/],
      ['field', /the field 'a' holds Python objects/],
      ['scalar', /the array is a single value/],
      ['nothing', /^DATASET_EMPTY .*the shape \(0, 28, 28\) holds nothing/],
    ] as const) {
      assert.throws(
        () => open(join(folder, `${name}.npy`)),
        error => {
          assert.ok(error instanceof TrainyardError)
          assert.match(`${error.code} ${error.message}`, expected)
          return true
        },
      )
    }
  },
)

test('a header that lies is refused before memory is taken', async t => {
  const folder = await tempFolder(t)
  const header = (shape: string, descr = "'|u1'") =>
    `{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }`
  const data = new Uint8Array(16)
  assert.equal(refusal(folder, npy(header('(4, 4)'), data)), 'accepted')
  for (const [content, expected] of [
    [npy(header('(5, 4)'), data), /^DATASET_TRUNCATED .*shape \(5, 4\) of 1 bytes each needs/],
    [npy(header('(3, 4)'), data), /^DATASET_TRAILING_BYTES .*numpy\.savez/],
    [npy(header(`(${'9'.repeat(400)}, 2)`), data), /^DATASET_TRUNCATED .*Infinity/],
    [npy(header('(4294967296, 4294967296)'), data), /^DATASET_TRUNCATED/],
    [npy(header('(4, -4)'), data), /^DATASET_FORMAT .*no literal of Python/],
    [npy(header('(True, 4)'), data), /^DATASET_FORMAT .*shape is no tuple/],
    [npy(header('16'), data), /^DATASET_FORMAT .*shape is no tuple/],
    [npy(header('(4, 4)', "'|u3'"), data), /^DATASET_FORMAT .*'\|u3', expected u1, u2, u4, u8/],
    [npy(header('(4, 4)', "'<U999999999'"), data), /^DATASET_FORMAT .*texts of 999999999/],
    [
      npy("__import__('os').system('touch x')", data),
      /^DATASET_FORMAT .*found no literal of Python at character 0/,
    ],
    [npy('('.repeat(1000), data), /^DATASET_FORMAT .*brackets within brackets/],
    [npy("{'descr': '|u1'}", data), /^DATASET_FORMAT .*fortran_order is neither/],
    [npy("{'descr': '|u1', 'descr': '|u1'}", data), /^DATASET_FORMAT .*the key 'descr' twice/],
    [
      npy(header('(4, 4)').replace(', }', ", 'more': 1}"), data),
      /^DATASET_FORMAT .*has not the keys/,
    ],
    [npy('', data), /^DATASET_FORMAT/],
    [npy(header('(4, 4)'), data, { version: 9 }), /^DATASET_FORMAT .*version 9\.0 of NPY/],
    [npy(header('(4, 4)'), data, { length: 2 ** 32 - 1 }), /^DATASET_TOO_LARGE .*4294967295 bytes/],
    [npy(header('(4, 4)'), data, { length: 5000 }), /^DATASET_TRUNCATED .*ends in its header/],
    [Buffer.from('\x93NUMPY\x01\0', 'latin1'), /^DATASET_TRUNCATED/],
  ] as const) {
    assert.match(refusal(folder, content), expected)
  }
})

test('only literals of Python are read', () => {
  assert.deepEqual(
    parsePythonLiteral(`{'a': (1, 2L,), "b'": [True, None], 'c': ()}`),
    new Map<string, unknown>([
      ['a', [1, 2]],
      ["b'", [true, null]],
      ['c', []],
    ]),
  )
  assert.equal(parsePythonLiteral(`'\\x41\\u00e9\\U0001f408\\''`), "Aé\u{1f408}'")
  for (const text of [
    '1+1',
    '[1',
    "'a",
    "{'a' 1}",
    '1 2',
    '{1: 2}',
    '\\',
    '[,]',
    "'\\q'",
    "'\\U00110000'",
  ]) {
    assert.throws(() => parsePythonLiteral(text), { name: 'Error', message: /^found / }, text)
  }
})
