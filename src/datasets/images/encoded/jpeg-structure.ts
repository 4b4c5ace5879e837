import { ImageError } from '../image-error.js'
import { maxParts, tooManyParts } from './max-parts.js'

/** Throws an ImageError if a JPEG with an intact header has no end-of-image marker. */
export function checkJpegEnd(jpeg: Buffer): void {
  for (const { marker } of segments(jpeg)) if (marker === 0xd9) return
  throw new ImageError('the JPEG ends in the middle')
}

export interface Segment {
  marker: number
  /** Without the marker and the length. */
  data: Buffer
}

/** The segments of a JPEG up to its end or the end of the bytes. Those of a scan contain its compressed data. */
export const segments = (jpeg: Buffer): Generator<Segment> => readSegments(jpeg, true)

/** The segments up to the first scan, whose data is left out: to find its end takes long. */
export const segmentsBeforeScan = (jpeg: Buffer): Generator<Segment> => readSegments(jpeg, false)

function* readSegments(jpeg: Buffer, withScans: boolean): Generator<Segment> {
  let count = 0
  for (let offset = 0; offset + 1 < jpeg.length; ) {
    const marker = jpeg[offset + 1]!
    if (jpeg[offset] !== 0xff) {
      throw new ImageError(`the JPEG is damaged: there is no marker at its byte ${offset}`)
    }
    if (marker === 0xff) {
      offset += 1 // a fill byte
      continue
    }
    if (++count > maxParts) throw new ImageError(tooManyParts('JPEG', 'segments'))
    // start, end, restarts and TEM have no length
    const isBare = (marker >= 0xd0 && marker <= 0xd9) || marker === 0x01
    if (isBare) {
      yield { marker, data: jpeg.subarray(offset + 2, offset + 2) }
      if (marker === 0xd9) return
      offset += 2
      continue
    }
    if (offset + 4 > jpeg.length) return
    if (marker === 0xda && !withScans) {
      yield { marker, data: jpeg.subarray(offset + 4, offset + 4) }
      return
    }
    const headerEnd = offset + 2 + Math.max(2, jpeg.readUInt16BE(offset + 2))
    const end = marker === 0xda ? endOfScan(jpeg, headerEnd) : headerEnd
    yield { marker, data: jpeg.subarray(offset + 4, end) }
    offset = end
  }
}

/** The next marker that is no restart. In compressed data, a byte 0 follows each byte FF. */
function endOfScan(jpeg: Buffer, start: number): number {
  for (let at = start; ; at += 2) {
    at = jpeg.indexOf(0xff, at)
    if (at < 0 || at + 1 >= jpeg.length) return jpeg.length
    const next = jpeg[at + 1]!
    if (next === 0xff) at -= 1
    else if (next !== 0 && (next < 0xd0 || next > 0xd7)) return at
  }
}
