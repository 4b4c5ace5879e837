import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TrainyardError } from '../../../src/errors.js'
import { splitBody } from '../../../src/serving/protocols/binary-body.js'
import { parseInferRequest, tensorFromBytes } from '../../../src/serving/protocols/infer-request.js'
import { encodeTensor } from '../../../src/serving/protocols/infer-response.js'
import {
  type BytesTensor,
  type Datatype,
  decodeNumbers,
  type NumberType,
  type Tensor,
  valueBytes,
} from '../../../src/serving/protocols/tensor.js'

const numberTypes = Object.keys(valueBytes) as NumberType[]

const bytesTensor = (texts: readonly string[]): BytesTensor => ({
  name: 'x',
  datatype: 'BYTES',
  shape: [texts.length],
  values: texts.map(text => Buffer.from(text)),
})

test('texts keep their bytes through the binary layout', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), texts => {
      const tensor = bytesTensor(texts)
      const decoded = tensorFromBytes(tensor, texts.length, encodeTensor(tensor)) as BytesTensor
      assert.deepEqual(
        decoded.values.map(value => Buffer.from(value).toString()),
        tensor.values.map(value => Buffer.from(value).toString()),
      )
    }),
  )
})

test('numbers keep their bits through the binary layout', () => {
  const kept = numberTypes.filter(type => !['BOOL', 'FP16', 'BF16'].includes(type))
  fc.assert(
    fc.property(fc.constantFrom(...kept), fc.uint8Array({ maxLength: 64 }), (datatype, bytes) => {
      const count = Math.floor(bytes.length / valueBytes[datatype])
      const whole = bytes.subarray(0, count * valueBytes[datatype])
      const tensor = tensorFromBytes({ name: 'x', datatype, shape: [count] }, count, whole)
      assert.deepEqual(Buffer.from(encodeTensor(tensor)), Buffer.from(whole))
    }),
  )
})

test('half and brain floats have the values that NumPy and TensorFlow give them', () => {
  const halves = [0x3c00, 0xc000, 0x3555, 0x0001, 0x7bff, 0x7c00, 0x8000]
  const expected = [1, -2, 0.333251953125, 2 ** -24, 65504, Number.POSITIVE_INFINITY, -0]
  const bytes = new Uint8Array(Uint16Array.from(halves).buffer)
  assert.deepEqual([...decodeNumbers('FP16', bytes)], expected)
  const brain = new Uint8Array(Uint16Array.of(0x3f80, 0xc020, 0x3eab).buffer)
  assert.deepEqual([...decodeNumbers('BF16', brain)], [1, -2.5, 0.333984375])
  assert.deepEqual([...decodeNumbers('BOOL', Uint8Array.of(0, 1, 7))], [0, 1, 1])
})

/** What a request of any form may answer: a value, or an error of the caller. */
function assertReadOrRefused(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    assert.ok(error instanceof TrainyardError, String(error))
    assert.equal(error.kind, 'invalid')
  }
}

const head = fc.record({
  name: fc.constantFrom('images', 'rows', '__proto__', ''),
  datatype: fc.constantFrom<Datatype | string>(...numberTypes, 'BYTES', 'FP128', 'toString'),
  shape: fc.oneof(
    fc.array(fc.integer({ min: -1, max: 5 }), { maxLength: 10 }),
    fc.array(fc.constantFrom(2 ** 31, 2 ** 53, 1e300, 0.5), { maxLength: 3 }),
    fc.jsonValue(),
  ),
})
const input = fc.oneof(
  fc
    .tuple(head, fc.oneof(fc.integer({ min: -1, max: 40 }), fc.constantFrom(2 ** 53, 'x', null)))
    .map(([tensor, size]) => ({ ...tensor, parameters: { binary_data_size: size } })),
  fc.tuple(head, fc.jsonValue()).map(([tensor, data]) => ({ ...tensor, data })),
  fc.jsonValue(),
)

test('no request makes the parser fail with anything but an error of the caller', () => {
  const request = fc.oneof(
    fc.record(
      {
        id: fc.jsonValue(),
        inputs: fc.array(input, { maxLength: 4 }),
        outputs: fc.jsonValue(),
        parameters: fc.jsonValue(),
      },
      { requiredKeys: ['inputs'] },
    ),
    fc.jsonValue(),
  )
  fc.assert(
    fc.property(request, fc.uint8Array({ maxLength: 60 }), (json, binary) => {
      const { length } = JSON.stringify(json)
      assertReadOrRefused(() => parseInferRequest(json, binary, length))
    }),
    { numRuns: 2000 },
  )
})

test('a header length that does not fit the body is refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), fc.nat(40), (body, length) => {
      if (length > body.length) {
        assert.throws(() => splitBody(body, length), /but the body has/)
        return
      }
      const { json, binary } = splitBody(body, length)
      assert.deepEqual([json.length, binary.length], [length, body.length - length])
    }),
  )
})

const refusal = (json: object, binary: Uint8Array = new Uint8Array()) => {
  let message = ''
  assert.throws(
    () => parseInferRequest(json, binary, JSON.stringify(json).length),
    (error: TrainyardError) => {
      message = error.message
      return error.kind === 'invalid'
    },
  )
  return message
}
const one = (tensor: object, binary?: Uint8Array) =>
  refusal({ inputs: [{ name: 'x', datatype: 'FP32', shape: [2], ...tensor }] }, binary)

test('errors of tensors say which tensor, what it has and what is expected', () => {
  const bytes = (size: number) => ({ parameters: { binary_data_size: size } })
  assert.deepEqual(
    [
      one({ data: [1] }),
      one({ data: [[1], [2]] }),
      one({ data: [1, 'a'] }),
      one({ data: 7 }),
      one({}),
      one({ data: [1, 2], datatype: 'FP7' }),
      one({ data: [1, 2], shape: [-1] }),
      one({ data: [1, 2], shape: [2 ** 40, 2 ** 40] }),
      one({ data: [[1, 2]], shape: [1, 3] }),
      one({ data: [300, 2], datatype: 'UINT8' }),
      one({ data: ['YQ', '!!'], datatype: 'BYTES', parameters: { content_type: 'base64' } }),
      one(bytes(9), new Uint8Array(8)),
      one(bytes(7), new Uint8Array(7)),
      one(bytes(8), new Uint8Array(12)),
      one({ datatype: 'BYTES', ...bytes(8) }, Uint8Array.of(9, 0, 0, 0, 1, 2, 3, 4)),
      one({ parameters: { shared_memory_region: 'r' } }),
      refusal({ inputs: 3 }),
      refusal([]),
    ],
    [
      "'x' has 1 values, expected 2 by the shape [2]",
      "'x'[0] is a list, expected a value of type FP32",
      '\'x\'[1] is "a", expected a value of type FP32',
      "the data of 'x' is 7, expected a list of 2 values",
      "the data of 'x' is missing, expected a list of 2 values",
      "the datatype of 'x' is 'FP7', expected one of BOOL, FP16, BF16, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP32, FP64, BYTES",
      "the shape of 'x' is [-1], expected a list of at most 8 sizes",
      "the shape of 'x' is [1099511627776, 1099511627776], which has too many values",
      "'x'[0] has 2 values, expected 3 by the shape [1, 3]",
      "'x'[0] is 300, expected a value of type UINT8",
      "'x'[1] is no base64",
      "binary_data_size of 'x' is 9, but the body has 8 bytes left",
      "'x' has 7 bytes, expected 8 for FP32 [2]",
      'the body has 4 bytes after the last tensor; binary_data_size of each input states its bytes',
      "the data of 'x' ends within value 0 of 9 bytes, expected 2 values, each after its length in 4 bytes",
      "'x' is in shared memory, which this server does not read: send its values",
      'inputs is expected to be a list',
      'the request is expected to be an object',
    ],
  )
})

test('values may be flat or nested, and texts are UTF-8 unless they say base64', () => {
  const read = (tensor: object): Tensor => {
    const json = { inputs: [{ name: 'x', datatype: 'INT64', shape: [2, 1], ...tensor }] }
    return parseInferRequest(json, new Uint8Array(), 100).inputs[0]!
  }
  assert.deepEqual(read({ data: [1, 2] }).values, BigInt64Array.of(1n, 2n))
  assert.deepEqual(read({ data: [[1], [2]] }).values, BigInt64Array.of(1n, 2n))
  const texts = (data: string[], parameters = {}) =>
    (read({ datatype: 'BYTES', data, parameters }) as BytesTensor).values.map(String)
  assert.deepEqual(texts(['aé', '']), [Buffer.from('aé'), Buffer.from('')].map(String))
  assert.deepEqual(texts(['YWE=', 'YQ'], { content_type: 'base64' }), ['aa', 'a'])
})
