// Feeds and fetches of a session, as plain values.
import type { DType } from './dtype.js'
import type { Shape } from './shape.js'

/** A session call with invalid arguments, or a run that failed in TensorFlow. */
export class SessionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SessionError'
  }
}

type Scalar = number | string | boolean | Uint8Array

interface TensorLike {
  readonly data:
    | Float32Array
    | Int32Array
    | Uint8Array
    | readonly number[]
    | readonly boolean[]
    | readonly string[]
    | readonly Uint8Array[]
  readonly shape: Shape
}

/** A bare value is a scalar; a bare `Uint8Array` is one string of raw bytes. */
export type Feed = Scalar | TensorLike

type BindingDtype = 'float32' | 'int32' | 'bool' | 'string'

/** A feed in the form that the Node binding expects. */
export interface FeedTensor {
  readonly dtype: BindingDtype
  readonly shape: Shape
  readonly data: Float32Array | Int32Array | Uint8Array | Uint8Array[]
}

export function toFeedTensor(label: string, feed: Feed, dtype: DType): FeedTensor {
  const { data, shape } = isScalar(feed) ? { data: [feed] as Scalar[], shape: [] } : feed
  switch (dtype) {
    case 'float32':
      if (data instanceof Float32Array) return { dtype, shape, data }
      assertElementTypes(label, data, ['number'], dtype)
      return { dtype, shape, data: Float32Array.from(data as ArrayLike<number>) }
    case 'int32': {
      if (data instanceof Int32Array) return { dtype, shape, data }
      assertElementTypes(label, data, ['number'], dtype)
      const ints = Int32Array.from(data as ArrayLike<number>)
      const badIndex = ints.findIndex((value, i) => value !== data[i])
      if (badIndex >= 0)
        throw new SessionError(`${label} is int32, it cannot take ${data[badIndex]}`)
      return { dtype, shape, data: ints }
    }
    case 'bool':
      assertElementTypes(label, data, ['boolean'], dtype)
      return { dtype, shape, data: Uint8Array.from(data as readonly boolean[], Number) }
    case 'string':
      assertElementTypes(label, data, ['string', 'bytes'], dtype)
      return {
        dtype,
        shape,
        data: Array.from(data as readonly (string | Uint8Array)[], encodeText),
      }
    default:
      throw new SessionError(`${label} is ${dtype}, which cannot be fed`)
  }
}

function assertElementTypes(
  label: string,
  data: ArrayLike<unknown>,
  allowed: readonly string[],
  dtype: DType,
) {
  for (const type of new Set(Array.from(data, elementType))) {
    if (!allowed.includes(type))
      throw new SessionError(`${label} is ${dtype}, it cannot take a ${type}`)
  }
}

const encodeText = (text: string | Uint8Array): Uint8Array =>
  typeof text === 'string' ? Buffer.from(text) : text

const isScalar = (feed: Feed): feed is Scalar =>
  typeof feed !== 'object' || feed instanceof Uint8Array

const elementType = (value: unknown): string =>
  value instanceof Uint8Array ? 'bytes' : typeof value

/** One output of a run, copied from TensorFlow's memory. Strings are raw bytes. */
export interface FetchedTensor {
  readonly dtype: DType
  readonly shape: Shape
  readonly data: Float32Array | Int32Array | Uint8Array | readonly Uint8Array[]
}
