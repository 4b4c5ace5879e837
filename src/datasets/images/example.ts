import { create, toBinary } from '@bufbuild/protobuf'
import { parseStrictly } from '../../formats/protobuf.js'
import { dimensionRange, isDimension } from './dimensions.js'
import { ExampleSchema, type Feature } from './example_pb.js'
import type { Dimensions, ImageShape, Sample } from './image-source.js'

export interface ImageExample extends Sample {
  /** The dimensions that the record states. */
  declared: Partial<Dimensions>
}

/** An error in a record. The message follows the record's position. */
export class ExampleError extends Error {}

export function decodeExample(bytes: Uint8Array): ImageExample {
  const features = parse(bytes)
  const declared: Partial<Dimensions> = {}
  for (const name of ['height', 'width', 'channels'] as const) {
    if (features[name]) declared[name] = dimension(name, features[name])
  }
  return {
    image: imageBytes(feature(features, 'image')),
    label: integer('label', feature(features, 'label')),
    declared,
  }
}

export function encodeExample({ image, label }: Sample, shape: ImageShape): Uint8Array {
  const int64 = (value: number) => ({
    kind: { case: 'int64List' as const, value: { value: [BigInt(value)] } },
  })
  const example = create(ExampleSchema, {
    features: {
      feature: {
        image: { kind: { case: 'bytesList', value: { value: [image] } } },
        label: int64(label),
        height: int64(shape.height),
        width: int64(shape.width),
        channels: int64(shape.channels),
      },
    },
  })
  return toBinary(ExampleSchema, example)
}

function parse(bytes: Uint8Array): Record<string, Feature> {
  try {
    return parseStrictly(ExampleSchema, bytes).features?.feature ?? {}
  } catch (cause) {
    throw new ExampleError('the data is no tf.train.Example', { cause })
  }
}

function feature(features: Record<string, Feature>, name: string): Feature {
  const found = Object.hasOwn(features, name) ? features[name] : undefined
  if (found) return found
  const names = Object.keys(features).slice(0, 10).join(', ').slice(0, 200)
  throw new ExampleError(`the example has no feature '${name}', found: ${names || 'none'}`)
}

function imageBytes({ kind }: Feature): Uint8Array {
  if (kind.case === 'bytesList' && kind.value.value.length === 1) return kind.value.value[0]!
  throw new ExampleError(`feature 'image' is ${describe(kind)}, expected one bytes value`)
}

function integer(name: string, { kind }: Feature): number {
  if (kind.case === 'int64List' && kind.value.value.length === 1) return Number(kind.value.value[0])
  throw new ExampleError(`feature '${name}' is ${describe(kind)}, expected one int64 value`)
}

function dimension(name: keyof Dimensions, feature: Feature): number {
  const value = integer(name, feature)
  if (isDimension(name, value)) return value
  throw new ExampleError(`feature '${name}' is ${value}, expected ${dimensionRange(name)}`)
}

const describe = (kind: Feature['kind']) =>
  kind.case === undefined ? 'empty' : `${kind.case} of ${kind.value.value.length} values`
