// Predictions over gRPC that every server must refuse: calls of the Open Inference Protocol and of TensorFlow Serving.
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import type { Random } from '../../random.js'
import { bytes } from '../requests/target.js'
import type { PredictionTarget } from './bad-bodies.js'

export interface GrpcCall {
  path: string
  message: Uint8Array
  /** The bytes are no message, for which gRPC itself answers INTERNAL. */
  isGarbage?: boolean
}

interface InferInput {
  name: string
  datatype: string
  shape: readonly number[]
}

interface Infer {
  model: string
  version?: string
  inputs?: readonly InferInput[]
  outputs?: readonly string[]
  raw?: readonly Uint8Array[]
}

const inferCall = ({ model, version = '', inputs = [], outputs = [], raw = [] }: Infer) => {
  const message = new BinaryWriter().tag(1, WireType.LengthDelimited).string(model)
  message.tag(2, WireType.LengthDelimited).string(version)
  for (const { name, datatype, shape } of inputs) {
    message.tag(5, WireType.LengthDelimited).fork()
    message.tag(1, WireType.LengthDelimited).string(name)
    message.tag(2, WireType.LengthDelimited).string(datatype)
    for (const size of shape) message.tag(3, WireType.Varint).int64(size)
    message.join()
  }
  for (const name of outputs) {
    message.tag(6, WireType.LengthDelimited).fork()
    message.tag(1, WireType.LengthDelimited).string(name).join()
  }
  for (const each of raw) message.tag(7, WireType.LengthDelimited).bytes(each)
  return { path: '/inference.GRPCInferenceService/ModelInfer', message: message.finish() }
}

const predictPath = '/tensorflow.serving.PredictionService/Predict'

/** TensorFlow Serving's Predict, with one tensor of UINT8. */
function predictCall(model: string, name: string, shape: readonly number[], content: Uint8Array) {
  const message = new BinaryWriter().tag(1, WireType.LengthDelimited).fork()
  message.tag(1, WireType.LengthDelimited).string(model).join()
  message.tag(2, WireType.LengthDelimited).fork()
  message.tag(1, WireType.LengthDelimited).string(name)
  message.tag(2, WireType.LengthDelimited).fork()
  message.tag(1, WireType.Varint).int32(4)
  message.tag(2, WireType.LengthDelimited).fork()
  for (const size of shape) {
    message.tag(2, WireType.LengthDelimited).fork()
    message.tag(1, WireType.Varint).int64(size).join()
  }
  message.join().tag(4, WireType.LengthDelimited).bytes(content).join().join()
  return { path: predictPath, message: message.finish() }
}

const images = ({ network: { shape } }: PredictionTarget): InferInput => ({
  name: 'images',
  datatype: 'UINT8',
  shape: [1, ...shape],
})

const bytesOf = ({ shape }: InferInput) =>
  new Uint8Array(shape.reduce((product, size) => product * size, 1))

export const badMessages: readonly ((random: Random, target: PredictionTarget) => GrpcCall)[] = [
  (random, target) => inferCall({ model: random.pick([target.network.name, target.trees.name]) }),
  (random, target) => {
    const input = images(target)
    const length = random.pick([0, 1, bytesOf(input).length - 1, bytesOf(input).length + 1])
    return inferCall({
      model: target.network.name,
      inputs: [input],
      raw: [new Uint8Array(length)],
    })
  },
  (random, target) => {
    const shape = random.pick([[-1], [0, 0], [2 ** 40, 2 ** 40], Array(100).fill(1), [1]])
    const input = { ...images(target), shape }
    return inferCall({ model: target.network.name, inputs: [input], raw: [new Uint8Array(4)] })
  },
  (random, target) => {
    const input = { ...images(target), datatype: random.pick(['', 'FP31', 'BYTES', 'uint8']) }
    return inferCall({
      model: target.network.name,
      inputs: [input],
      raw: [bytesOf(images(target))],
    })
  },
  (random, target) => {
    const input = { ...images(target), name: `input${random.integerBelow(1000)}` }
    return inferCall({ model: target.network.name, inputs: [input], raw: [bytesOf(input)] })
  },
  (random, target) => {
    const input = images(target)
    const raw = Array(random.pick([2, 3, 50])).fill(bytesOf(input))
    return inferCall({ model: target.network.name, inputs: [input], raw })
  },
  (random, target) => {
    const outputs = [`output${random.integerBelow(1000)}`]
    const input = images(target)
    return inferCall({
      model: target.network.name,
      inputs: [input],
      outputs,
      raw: [bytesOf(input)],
    })
  },
  (random, target) => {
    const shape = [1, target.trees.columns.length + 1 + random.integerBelow(5)]
    const input = { name: 'rows', datatype: 'FP64', shape }
    const raw = [new Uint8Array(8 * shape[1]!)]
    return inferCall({ model: target.trees.name, inputs: [input], raw })
  },
  (random, target) => {
    const version = random.pick(['0', '-1', '99', 'x', '99999999999999999999'])
    const input = images(target)
    return inferCall({
      model: target.network.name,
      version,
      inputs: [input],
      raw: [bytesOf(input)],
    })
  },
  (random, target) => {
    const input = images(target)
    const model = random.pick(['', 'nobody', '../x', 'x'.repeat(200)])
    return inferCall({ model, inputs: [input], raw: [bytesOf(input)] })
  },
  (random, target) => {
    const input = images(target)
    const shape = random.pick([input.shape, [1], [], [-1, 28, 28, 1]])
    return predictCall(target.network.name, input.name, shape, bytes(random, 7))
  },
  (random, target) => {
    const input = images(target)
    const name = `input${random.integerBelow(1000)}`
    return predictCall(target.network.name, name, input.shape, bytesOf(input))
  },
  (_, target) => predictCall('nobody', 'images', images(target).shape, bytesOf(images(target))),
  random => ({
    path: random.pick([predictPath, inferCall({ model: '' }).path]),
    message: Buffer.concat([Buffer.from([0xff, 0xff]), bytes(random, random.integerBelow(500))]),
    isGarbage: true,
  }),
]
