import { parseStrictly } from '../../../formats/protobuf.js'
import { maxLabelLength } from '../../limits.js'
import { dimensionRange, isDimension } from '../dimensions.js'
import { ImageError } from '../image-error.js'
import type { FeatureNames } from '../image-form.js'
import type { Dimensions, ImageShape, Sample } from '../image-source.js'
import { ExampleSchema, type Feature } from './example_pb.js'
import { missingFeature, storedNames } from './feature-names.js'

type Features = Readonly<Record<string, Feature>>
type Kind = Exclude<Feature['kind']['case'], undefined>

export interface ImageExample {
  /** Raw pixels, or a file. Pixels of a floatList are float32 (little-endian), those of an int64List uint8. */
  image: Uint8Array
  imageKind: Kind
  /** A text is the name of a class. */
  label: number | string
  /** The dimensions that the record states. */
  declared: Partial<Dimensions>
}

/** Decodes a tf.train.Example. Throws an ImageError if it is none, or has not these features. */
export function decodeExample(bytes: Uint8Array, names: FeatureNames = storedNames): ImageExample {
  const features = parseFeatures(bytes)
  const declared: Partial<Dimensions> = {}
  for (const role of ['height', 'width', 'channels'] as const) {
    const name = names[role]
    if (Object.hasOwn(features, name)) {
      declared[role] = dimension(role, name, features[name]!)
    }
  }
  const image = feature(features, names.image)
  return {
    image: imageBytes(names.image, image),
    imageKind: image.kind.case!,
    label: parseLabel(names.label, feature(features, names.label)),
    declared,
  }
}

export const encodeExample = (sample: Sample, shape: ImageShape): Uint8Array =>
  Buffer.concat(exampleParts(sample, shape))

/** The parts of a tf.train.Example, of which one is the image. Written by hand, since a library copies it several times. */
export function exampleParts({ image, label }: Sample, shape: ImageShape): Uint8Array[] {
  const { height, width, channels } = shape
  const key = `${image.length} ${label} ${height} ${width} ${channels}`
  let frame = frames.get(key)
  if (!frame) {
    if (frames.size === maxFrames) frames.clear()
    frame = exampleFrame(image.length, label, shape)
    frames.set(key, frame)
  }
  return [frame.head, image, frame.tail]
}

interface ExampleFrame {
  head: Uint8Array
  tail: Uint8Array
}

/** Images of one size have as many frames as there are classes. */
const frames = new Map<string, ExampleFrame>()
const maxFrames = 1024

/** What comes before and after an image of so many bytes. */
function exampleFrame(imageBytes: number, label: number, shape: ImageShape): ExampleFrame {
  // Feature { bytes_list: BytesList { value: image } }
  const list = fieldHead(1, imageBytes)
  const feature = Buffer.concat([fieldHead(1, list.length + imageBytes), list])
  const entry = entryHead('image', feature.length + imageBytes)
  const size = { label, height: shape.height, width: shape.width, channels: shape.channels }
  const numbers = Object.entries(size).map(([name, value]) => int64Entry(name, value))
  const head = Buffer.concat([
    fieldHead(1, entry.length + feature.length + imageBytes),
    entry,
    feature,
  ])
  const bytes = head.length + imageBytes + numbers.reduce((sum, each) => sum + each.length, 0)
  return {
    head: Buffer.concat([fieldHead(1, bytes), head]),
    tail: Buffer.concat(numbers),
  }
}

/** A field of the map Features.feature with one int64. */
function int64Entry(name: string, value: number): Buffer {
  const number = varint(value)
  const list = Buffer.concat([fieldHead(1, number.length), number])
  const feature = Buffer.concat([fieldHead(3, list.length), list])
  const entry = Buffer.concat([entryHead(name, feature.length), feature])
  return Buffer.concat([fieldHead(1, entry.length), entry])
}

/** Name, and the head of the feature, of an entry of a map. */
const entryHead = (name: string, featureBytes: number): Buffer =>
  Buffer.concat([fieldHead(1, name.length), Buffer.from(name), fieldHead(2, featureBytes)])

/** Number and length of a field that has a length (wire type 2). */
const fieldHead = (number: number, length: number): Buffer =>
  Buffer.concat([Buffer.of((number << 3) | 2), varint(length)])

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Buffer.from([...bytes, rest])
}

/** Throws an ImageError if the bytes are no tf.train.Example. */
export function parseFeatures(bytes: Uint8Array): Features {
  try {
    return parseStrictly(ExampleSchema, bytes).features?.feature ?? {}
  } catch (cause) {
    throw new ImageError('the data is no tf.train.Example', { cause })
  }
}

function feature(features: Features, name: string): Feature {
  const found = Object.hasOwn(features, name) ? features[name] : undefined
  if (found) return found
  throw new ImageError(missingFeature(features, name))
}

function imageBytes(name: string, { kind }: Feature): Uint8Array {
  if (kind.case === 'bytesList' && kind.value.value.length === 1) return kind.value.value[0]!
  if (kind.case === 'floatList' && kind.value.value.length > 0) {
    const bytes = Buffer.alloc(4 * kind.value.value.length)
    for (const [i, value] of kind.value.value.entries()) bytes.writeFloatLE(value, 4 * i)
    return bytes
  }
  if (kind.case === 'int64List' && kind.value.value.length > 0) {
    const wrong = kind.value.value.find(value => value < 0n || value > 255n)
    if (wrong === undefined) return Uint8Array.from(kind.value.value, Number)
    throw new ImageError(`feature '${name}' has the pixel ${wrong}, expected 0 to 255`)
  }
  throw new ImageError(`feature '${name}' is ${describe(kind)}, expected one bytes value`)
}

function parseLabel(name: string, { kind }: Feature): number | string {
  const values = kind.case === undefined ? [] : kind.value.value
  if (kind.case === 'bytesList' && values.length === 1) return labelText(name, kind.value.value[0]!)
  if (kind.case !== 'bytesList' && values.length === 1) {
    const value = Number(values[0])
    if (Number.isInteger(value)) return value
    throw new ImageError(`feature '${name}' is ${value}, expected a whole number`)
  }
  const isOneHot =
    kind.case !== 'bytesList' &&
    values.filter(value => Number(value) === 1).length === 1 &&
    values.every(value => Number(value) === 0 || Number(value) === 1)
  const cure = isOneHot ? ' (it looks one-hot: store the index of the 1)' : ''
  throw new ImageError(
    `feature '${name}' is ${describe(kind)}, expected one int64 value or one text${cure}`,
  )
}

function labelText(name: string, bytes: Uint8Array): string {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new ImageError(
      `feature '${name}' is bytes that are not UTF-8, expected one int64 value or one text`,
      {
        cause,
      },
    )
  }
  if (text !== '' && text.length <= maxLabelLength) return text
  throw new ImageError(
    `feature '${name}' is a text of ${text.length} characters, expected 1 to ${maxLabelLength}`,
  )
}

function dimension(role: keyof Dimensions, name: string, { kind }: Feature): number {
  if (kind.case !== 'int64List' || kind.value.value.length !== 1) {
    throw new ImageError(`feature '${name}' is ${describe(kind)}, expected one int64 value`)
  }
  const value = Number(kind.value.value[0])
  if (isDimension(role, value)) return value
  throw new ImageError(`feature '${name}' is ${value}, expected ${dimensionRange(role)}`)
}

const describe = (kind: Feature['kind']) =>
  kind.case === undefined ? 'empty' : `${kind.case} of ${kind.value.value.length} values`
