import type { HeatMap, SourceImage } from '../../../spec/explanation.js'

/** From transparent over violet and orange to bright yellow, as the heat maps of the server. */
const stops: readonly (readonly [number, number, number])[] = [
  [13, 8, 135],
  [126, 3, 168],
  [204, 71, 120],
  [248, 149, 64],
  [240, 249, 33],
]
const forClass = [214, 40, 40] as const
const againstClass = [33, 102, 200] as const

/** A heat map as pixels that are the more opaque, the larger their values are. */
export function heatMapPixels({ values, width, height }: HeatMap, isSigned: boolean): ImageData {
  const pixels = new ImageData(width, height)
  values.forEach((row, y) => {
    row.forEach((value, x) => {
      const colour = isSigned ? (value < 0 ? againstClass : forClass) : colourAt(value)
      const size = Math.min(Math.abs(value), 1)
      // small attributions would not be seen at all
      const opacity = isSigned ? Math.sqrt(size) : size ** 0.7
      pixels.data.set([...colour, Math.round(255 * opacity)], (y * width + x) * 4)
    })
  })
  return pixels
}

function colourAt(share: number): [number, number, number] {
  const at = Math.min(Math.max(share, 0), 1) * (stops.length - 1)
  const low = Math.min(Math.floor(at), stops.length - 2)
  const mix = at - low
  const [one, other] = [stops[low]!, stops[low + 1]!]
  const channel = (i: 0 | 1 | 2) => Math.round(one[i] * (1 - mix) + other[i] * mix)
  return [channel(0), channel(1), channel(2)]
}

interface Overlay {
  image: ImageBitmap
  map: ImageData
  source: SourceImage | null
  /** Of the map over the image, from 0 to 1. */
  opacity: number
  isSigned: boolean
}

/** Draws an image and its heat map over it, where the network has seen it. */
export function drawOverlay(canvas: HTMLCanvasElement, overlay: Overlay): void {
  const { image, map, source, opacity, isSigned } = overlay
  const context = canvas.getContext('2d')!
  const zoom = canvas.width / image.width
  context.clearRect(0, 0, canvas.width, canvas.height)
  context.imageSmoothingEnabled = zoom < 3
  context.imageSmoothingQuality = 'high'
  context.drawImage(image, 0, 0, canvas.width, canvas.height)
  const layer = new OffscreenCanvas(map.width, map.height)
  layer.getContext('2d')!.putImageData(map, 0, 0)
  context.globalAlpha = opacity
  context.imageSmoothingEnabled = !isSigned
  // a place in the map = scale x place in the file + offset
  const { scale, offset } = source ?? {
    scale: [map.height / image.height, map.width / image.width],
    offset: [0, 0],
  }
  const [scaleY, scaleX] = [scale[0]!, scale[1]!]
  context.drawImage(
    layer,
    (-offset[1]! / scaleX) * zoom,
    (-offset[0]! / scaleY) * zoom,
    (map.width / scaleX) * zoom,
    (map.height / scaleY) * zoom,
  )
  context.globalAlpha = 1
}
