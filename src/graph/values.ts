// What goes into a session and comes out of it, as plain values.
import type { DType } from './dtype.js'
import type { Shape } from './shape.js'

/** A run that cannot be, or that TensorFlow gave up. */
export class SessionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SessionError'
  }
}

type Scalar = number | string | boolean | Uint8Array

interface Shaped {
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
export type Feed = Scalar | Shaped

type Portable = 'float32' | 'int32' | 'bool' | 'string'

/** A feed in the form that the binding takes. */
export interface Typed {
  readonly dtype: Portable
  readonly shape: Shape
  readonly data: Float32Array | Int32Array | Uint8Array | Uint8Array[]
}

export function feedOf(what: string, feed: Feed, dtype: DType): Typed {
  const { data, shape } = isScalar(feed) ? { data: [feed] as Scalar[], shape: [] } : feed
  switch (dtype) {
    case 'float32':
      if (data instanceof Float32Array) return { dtype, shape, data }
      only(what, data, ['number'], dtype)
      return { dtype, shape, data: Float32Array.from(data as ArrayLike<number>) }
    case 'int32': {
      if (data instanceof Int32Array) return { dtype, shape, data }
      only(what, data, ['number'], dtype)
      const whole = Int32Array.from(data as ArrayLike<number>)
      const odd = whole.findIndex((value, i) => value !== data[i])
      if (odd >= 0) throw new SessionError(`${what} is int32, it cannot take ${data[odd]}`)
      return { dtype, shape, data: whole }
    }
    case 'bool':
      only(what, data, ['boolean'], dtype)
      return { dtype, shape, data: Uint8Array.from(data as readonly boolean[], Number) }
    case 'string':
      only(what, data, ['string', 'bytes'], dtype)
      return { dtype, shape, data: Array.from(data as readonly (string | Uint8Array)[], encoded) }
    default:
      throw new SessionError(`${what} is ${dtype}, which cannot be fed`)
  }
}

function only(what: string, data: ArrayLike<unknown>, kinds: readonly string[], dtype: DType) {
  for (const kind of new Set(Array.from(data, kindOf))) {
    if (!kinds.includes(kind))
      throw new SessionError(`${what} is ${dtype}, it cannot take a ${kind}`)
  }
}

const encoded = (text: string | Uint8Array): Uint8Array =>
  typeof text === 'string' ? Buffer.from(text) : text

const isScalar = (feed: Feed): feed is Scalar =>
  typeof feed !== 'object' || feed instanceof Uint8Array

const kindOf = (value: unknown): string => (value instanceof Uint8Array ? 'bytes' : typeof value)

/** One output of a run, copied out of TensorFlow's memory. Strings stay raw bytes. */
export interface Fetched {
  readonly dtype: DType
  readonly shape: Shape
  readonly data: Float32Array | Int32Array | Uint8Array | readonly Uint8Array[]
}
