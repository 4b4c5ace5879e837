import { type ImageLayout, imageLayouts } from '../images/image-form.js'
import type { Dimensions } from '../images/image-source.js'

/** How the elements of a row are an image. */
export interface ArrayLayout extends Dimensions {
  layout: ImageLayout
  /** True if nothing but the shape says it. */
  isInferred: boolean
}

/**
 * Derives the size of images from the shape of an array: [n, height, width], [n, height, width, channels],
 * [n, channels, height, width], or [n, pixels] if the form says the size. Returns a message if several fit, or none.
 */
export function inferLayout(
  shape: readonly number[],
  known: Partial<Dimensions>,
  layout: ImageLayout | null,
): ArrayLayout | string {
  const [, ...sides] = shape
  const readings = readingsOf(sides, known, layout)
  const fitting = readings.filter(reading =>
    (['height', 'width', 'channels'] as const).every(
      name => known[name] === undefined || known[name] === reading[name],
    ),
  )
  const [only, other] = fitting
  if (only && !other) return { ...only, isInferred: layout === null }
  const shapeText = `the shape (${shape.join(', ')})`
  if (other) {
    const texts = fitting.map(describeReading).join(' or ')
    return `${shapeText} fits ${texts}: send layout=channels_last or layout=channels_first`
  }
  if (readings.length > 0) {
    const said = Object.entries(known).map(([name, value]) => `${name} ${value}`)
    return `${shapeText} is ${readings.map(describeReading).join(' or ')}, but the form says ${said.join(', ')}`
  }
  return `${shapeText} is none of images: expected (n, height, width), (n, height, width, channels) or (n, channels, height, width) of 1, 3 or 4 channels; or (n, pixels) with the form fields height and width`
}

type Reading = Omit<ArrayLayout, 'isInferred'>

const describeReading = ({ height, width, channels, layout }: Reading): string =>
  `images of ${height} x ${width} x ${channels} (${layout})`

function readingsOf(
  sides: readonly number[],
  known: Partial<Dimensions>,
  layout: ImageLayout | null,
): Reading[] {
  const layouts = layout ? [layout] : imageLayouts
  const [a, b, c] = sides as [number, number, number]
  if (sides.length === 2) {
    return [{ height: a, width: b, channels: 1, layout: layout ?? 'channels_last' }]
  }
  if (sides.length === 3) {
    return layouts
      .map(
        (each): Reading =>
          each === 'channels_last'
            ? { height: a, width: b, channels: c, layout: each }
            : { height: b, width: c, channels: a, layout: each },
      )
      .filter(({ channels }) => isChannels(channels))
  }
  if (sides.length !== 1 || !known.height || !known.width) return []
  const channels = a / (known.height * known.width)
  if (!isChannels(channels)) return []
  // of one channel, both are the same
  return (channels === 1 ? layouts.slice(0, 1) : layouts).map(each => ({
    height: known.height!,
    width: known.width!,
    channels,
    layout: each,
  }))
}

const isChannels = (count: number): boolean => count === 1 || count === 3 || count === 4
