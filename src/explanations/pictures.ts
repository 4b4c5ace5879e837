import { encodePng } from '../formats/png.js'
import type { Picture } from '../spec/explanation.js'

type Rgb = readonly [red: number, green: number, blue: number]

/** Nine colours of Matplotlib's viridis, from 0 to 1. */
const viridis: readonly Rgb[] = [
  [68, 1, 84],
  [71, 45, 123],
  [59, 82, 139],
  [44, 114, 142],
  [33, 145, 140],
  [40, 174, 128],
  [94, 201, 98],
  [173, 220, 48],
  [253, 231, 37],
]
/** ColorBrewer's RdBu, from −1 (blue) to 1 (red). */
const blueToRed: readonly Rgb[] = [
  [33, 102, 172],
  [146, 197, 222],
  [247, 247, 247],
  [244, 165, 130],
  [178, 24, 43],
]

const gradCamOpacity = 0.5
/** Of signed maps, the largest values are drawn alike, as Captum does: a few pixels would leave the others pale. */
const drawnQuantile = 0.98

interface Drawing {
  /** [height, width], 0 to 1, or −1 to 1 if `isSigned`. */
  values: Float32Array
  isSigned: boolean
  height: number
  width: number
}

/** A heat map as PNG of its size. `pixels` [height, width, channels], 0 to 255, lie below an overlay. */
export function drawHeatMap(
  picture: Picture,
  { values, isSigned, height, width }: Drawing,
  pixels: Float32Array,
): Uint8Array {
  const channels = pixels.length / values.length
  const strongest = isSigned ? quantileOf(values.map(Math.abs), drawnQuantile) : 1
  const rgb = new Uint8Array(3 * values.length)
  // pixels of a JSON body may lie outside of 0 to 255
  const clamped = new Uint8ClampedArray(rgb.buffer)
  for (const [i, value] of values.entries()) {
    const drawn = Math.max(-1, Math.min(1, strongest === 0 ? value : value / strongest))
    const color = isSigned ? colorAt(blueToRed, (drawn + 1) / 2) : colorAt(viridis, drawn)
    const opacity = picture === 'heatMap' ? 1 : isSigned ? Math.abs(drawn) : gradCamOpacity
    for (let c = 0; c < 3; c++) {
      const below = pixels[i * channels + (channels < 3 ? 0 : c)]!
      clamped[3 * i + c] = opacity * color[c]! + (1 - opacity) * below
    }
  }
  return encodePng(rgb, { height, width, channels: 3 })
}

function colorAt(colors: readonly Rgb[], position: number): Rgb {
  const at = position * (colors.length - 1)
  const low = Math.min(Math.floor(at), colors.length - 2)
  const [from, to] = [colors[low]!, colors[low + 1]!]
  const mix = (c: 0 | 1 | 2) => from[c] + (at - low) * (to[c] - from[c])
  return [mix(0), mix(1), mix(2)]
}

const quantileOf = (values: Float32Array, q: number): number =>
  values.sort()[Math.floor(q * (values.length - 1))]!
