import { quoteJson } from '../../errors.js'
import type { ImageResize } from '../../spec/dataset.js'
import { maxImageSide } from '../limits.js'

const modes = ['fit', 'fill', 'stretch'] as const

/**
 * Parses the form field `resize`: JSON such as `{"height":224,"width":160,"mode":"fit"}`, or in short `224x160`
 * (height and width) or `224`. The mode is `fill` by default. Returns an error message if it is invalid.
 */
export function parseResize(text: string): ImageResize | string {
  const short = /^\s*(\d{1,5})(?:x(\d{1,5}))?\s*$/.exec(text)
  const value: unknown = short
    ? { height: Number(short[1]), width: Number(short[2] ?? short[1]) }
    : parseJson(text)
  const expected =
    'expected {"height":224,"width":224,"mode":"fill"}, or 224x224, or 224; the modes are fit, fill and stretch'
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return `is ${quoteJson(text)}, ${expected}`
  }
  const { height, width, mode = 'fill', ...others } = value as Record<string, unknown>
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) return `has ${quoteJson(unknown)}, ${expected}`
  for (const [name, side] of Object.entries({ height, width })) {
    if (isSide(side)) continue
    const found = side === undefined ? `has no ${name}` : `has the ${name} ${quoteJson(side)}`
    return `${found}, expected an integer from 1 to ${maxImageSide}`
  }
  const known = modes.find(each => each === mode)
  if (!known) return `has the mode ${quoteJson(mode)}, expected ${modes.join(', ')}`
  return { height: height as number, width: width as number, mode: known }
}

const isSide = (side: unknown): boolean =>
  Number.isInteger(side) && (side as number) >= 1 && (side as number) <= maxImageSide

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
