import { closeSync, openSync, writeSync } from 'node:fs'
import {
  columnNames,
  missingValue,
  resolution,
  type SyntheticRows,
  target,
  width,
} from './synthetic.js'

const [minus, dot, zero, comma, newline] = Buffer.from('-.0,\n') as unknown as number[]
const decimals = Math.log10(resolution)
/** For each value of a row: a sign, nine digits, a point and a comma. */
const maxRowBytes = (width + 1) * 12
const bufferBytes = 2 ** 22

/** Writes a CSV file with a header; missing values are empty fields. */
export function writeCsv(path: string, { units, labels }: SyntheticRows): void {
  const buffer = Buffer.alloc(bufferBytes)
  const file = openSync(path, 'wx')
  let at = buffer.write(`${[...columnNames, target].join()}\n`)
  for (let row = 0; row < labels.length; row++) {
    if (at + maxRowBytes > bufferBytes) at = flush(file, buffer, at)
    for (let column = 0; column < width; column++) {
      const value = units[row * width + column]!
      if (value !== missingValue) at = writeValue(buffer, at, value)
      buffer[at++] = comma!
    }
    buffer[at++] = zero! + labels[row]!
    buffer[at++] = newline!
  }
  flush(file, buffer, at)
  closeSync(file)
}

/** 12345 → 1.2345 */
function writeValue(buffer: Buffer, start: number, units: number): number {
  let at = start
  if (units < 0) buffer[at++] = minus!
  let rest = Math.abs(units)
  let digits = decimals + 1
  while (rest >= 10 ** digits) digits++
  const end = at + digits + 1
  for (let to = end - 1; to >= at; to--) {
    if (to === end - 1 - decimals) {
      buffer[to] = dot!
      continue
    }
    buffer[to] = zero! + (rest % 10)
    rest = Math.floor(rest / 10)
  }
  return end
}

function flush(file: number, buffer: Buffer, length: number): 0 {
  for (let at = 0; at < length; ) at += writeSync(file, buffer, at, length - at)
  return 0
}
