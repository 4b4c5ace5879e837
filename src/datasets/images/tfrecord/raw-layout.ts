import { type PixelType, pixelTypes } from '../image-form.js'

export interface RawLayout {
  height: number
  width: number
  channels: number
  type: PixelType
}

type Size = Pick<RawLayout, 'height' | 'width' | 'channels'>

/** What the bytes of the first images look like. Blank images look like anything. */
export interface RawEvidence {
  float32: boolean
  int32: boolean
  /** Four channels: each fourth byte is the same. */
  rgba: boolean
}

/** Describes images of raw pixels by their bytes; a set has the properties that all of them have. */
export function rawEvidence(image: Uint8Array): RawEvidence {
  const words = image.length % 4 === 0
  return {
    float32: words && looksLikeFloats(image),
    int32: words && everyFourth(image, 3, 0) && everyFourth(image, 2, 0),
    rgba: words && everyFourth(image, 3, image[3]!),
  }
}

/** True if nearly all values, read as little-endian float32, have the size of a pixel's. */
function looksLikeFloats(image: Uint8Array): boolean {
  const view = new DataView(image.buffer, image.byteOffset, image.length)
  let odd = 0
  for (let at = 0; at < image.length; at += 4) {
    const value = Math.abs(view.getFloat32(at, true))
    if (!Number.isFinite(value)) return false
    if (value !== 0 && (value < 1e-7 || value > 1e6)) odd++
  }
  return odd <= (0.02 * image.length) / 4
}

function everyFourth(image: Uint8Array, first: number, value: number): boolean {
  for (let at = first; at < image.length; at += 4) if (image[at] !== value) return false
  return true
}

/**
 * Derives type and size of raw pixels from the byte count of an image. What is known decides; an unknown size
 * is a square. Returns a message if more than one reading fits, or none: bytes that allow a size do not
 * make it right. Four channels are never inferred.
 */
export function inferRawLayout(
  bytes: number,
  known: Partial<Size>,
  type: PixelType | null,
  evidence: RawEvidence,
): RawLayout | string {
  const readings = (type ? [type] : pixelTypes).flatMap(each => readingsOf(bytes, known, each))
  const likely = readings.filter(reading => type || reading.type === 'uint8' || evidence.float32)
  const isGuess = (reading: RawLayout) => reading.channels === 4 && !known.channels
  const certain = likely.filter(reading => !isGuess(reading))
  const guesses = likely.filter(isGuess).filter(({ type: each }) => each === 'uint8')
  const counted = evidence.rgba || certain.length === 0 ? [...certain, ...guesses] : certain
  const sizeIsKnown = known.height && known.width
  const looksLikeInt32 = !type && evidence.int32
  const [only] = counted
  if (only && counted.length === 1 && !isGuess(only) && (sizeIsKnown || !looksLikeInt32)) {
    if (type || only.type === 'uint8') return only
  }
  if (counted.length > 0) return describeReadings(bytes, counted, type ? null : evidence)
  const { height, width, channels } = known
  if (height && width) {
    // the caller says that the byte count does not fit
    const values = type === 'float32' ? bytes / 4 : bytes
    const nearest = Math.max(1, Math.round(values / (height * width)))
    return { height, width, channels: channels ?? nearest, type: type ?? 'uint8' }
  }
  const missing = Object.entries({ height, width, channels }).filter(([, value]) => !value)
  const fields = missing.map(([name]) => `'${name}'`).join(', ')
  return `the image has ${bytes} bytes, which says too little of its size: add the form fields ${fields}`
}

function readingsOf(
  bytes: number,
  { height, width, channels }: Partial<Size>,
  type: PixelType,
): RawLayout[] {
  const values = type === 'float32' ? bytes / 4 : bytes
  const sizes = (channels ? [channels] : [1, 3, 4]).flatMap((count): Size[] => {
    const area = values / count
    if (height && width) return area === height * width ? [{ height, width, channels: count }] : []
    const side = height ?? width
    // one side and unknown channels leave too much open
    if (side && !channels) return []
    const other = side ? area / side : Math.sqrt(area)
    if (!Number.isInteger(other) || other === 0) return []
    return [{ height: height ?? other, width: width ?? other, channels: count }]
  })
  return sizes.map(size => ({ ...size, type }))
}

function describeReadings(
  bytes: number,
  readings: readonly RawLayout[],
  evidence: RawEvidence | null,
): string {
  const texts = readings.map(
    ({ height, width, channels, type }) => `${height} x ${width} x ${channels} of ${type}`,
  )
  const isFloat = evidence?.float32 && readings.some(({ type }) => type === 'float32')
  const [look, cure] = isFloat
    ? [', and look like float32', 'send dtype=float32 or dtype=uint8']
    : evidence?.int32
      ? [', and look like int32', 'store uint8, or send height, width and channels']
      : ['', 'send height, width and channels']
  return `the image has ${bytes} bytes, which fit ${texts.join(' or ')}${look}: ${cure}`
}
