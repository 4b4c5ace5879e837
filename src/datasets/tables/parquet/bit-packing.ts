/** Reads levels of one bit: 1 where a value is present. Null if all are, which most writers say in one run. */
export function readLevels(
  bytes: Uint8Array,
  start: number,
  end: number,
  count: number,
): Uint8Array | null {
  const run = { at: start, end }
  const header = readHeader(bytes, run)
  if ((header & 1) === 0 && header >>> 1 >= count && bytes[run.at] === 1 && run.at < end)
    return null
  const levels = readBits(bytes, start, end, count)
  return levels.includes(0) ? levels : null
}

/** Reads `count` bits as `readRuns` reads numbers. */
export function readBits(bytes: Uint8Array, start: number, end: number, count: number): Uint8Array {
  const bits = new Uint8Array(count)
  decodeRuns(bytes, start, end, 1, count, {
    repeat: (value, from, to) => bits.fill(value, from, to),
    unpack(at, from, to) {
      const base = 8 * at - from
      for (let row = from; row < to; row++) {
        const bit = base + row
        bits[row] = (bytes[bit >> 3]! >> (bit & 7)) & 1
      }
    },
  })
  return bits
}

function readHeader(bytes: Uint8Array, run: { at: number; end: number }): number {
  let header = 0
  for (let shift = 0; ; shift += 7) {
    if (run.at >= run.end || shift > 28) throw new Error('its runs end early')
    const byte = bytes[run.at++]!
    header |= (byte & 127) << shift
    if (byte < 128) return header >>> 0
  }
}

/** Reads `count` numbers of `width` bits (at most 32) that runs and packed bits encode: RLE of Parquet. */
export function readRuns(
  bytes: Uint8Array,
  start: number,
  end: number,
  width: number,
  count: number,
): Int32Array {
  const values = new Int32Array(count)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  decodeRuns(bytes, start, end, width, count, {
    repeat: (value, from, to) => values.fill(value, from, to),
    unpack: (at, from, to) => unpack(view, at, width, values, from, to),
  })
  return values
}

interface RunTarget {
  repeat(value: number, from: number, to: number): void
  /** `at`: where the bits of `from` begin. */
  unpack(at: number, from: number, to: number): void
}

function decodeRuns(
  bytes: Uint8Array,
  start: number,
  end: number,
  width: number,
  count: number,
  target: RunTarget,
): void {
  const valueBytes = (width + 7) >> 3
  const run = { at: start, end }
  let filled = 0
  while (filled < count) {
    const header = readHeader(bytes, run)
    let { at } = run
    if ((header & 1) === 0) {
      if (at + valueBytes > end) throw new Error('its runs end early')
      let value = 0
      for (let byte = 0; byte < valueBytes; byte++) value |= bytes[at++]! << (8 * byte)
      const to = Math.min(count, filled + (header >>> 1))
      if (to === filled) throw new Error('it has a run without values')
      target.repeat(value, filled, to)
      filled = to
      run.at = at
      continue
    }
    const groups = header >>> 1
    const to = Math.min(count, filled + 8 * groups)
    if (to === filled) throw new Error('it has a run without values')
    // writers may leave out the end of the last group
    if (at + Math.ceil(((to - filled) * width) / 8) > end) throw new Error('its runs end early')
    target.unpack(at, filled, to)
    filled = to
    run.at = at + groups * width
  }
}

function unpack(
  view: DataView,
  start: number,
  width: number,
  values: Int32Array,
  from: number,
  to: number,
): void {
  if (width === 0) return
  const mask = width === 32 ? -1 : (1 << width) - 1
  // values whose four bytes, with the bits before them, lie within the page
  const reach = 8 * (view.byteLength - 4 - start)
  const whole = width > 25 ? from : Math.min(to, from + Math.max(0, Math.floor(reach / width)))
  let bit = 0
  for (let row = from; row < whole; row++) {
    values[row] = (view.getInt32(start + (bit >> 3), true) >>> (bit & 7)) & mask
    bit += width
  }
  for (let row = whole; row < to; row++) {
    values[row] = bitsAt(view, start, (row - from) * width) & mask
  }
}

/** The 32 bits from a bit on. Those behind the end of the page are 0. */
function bitsAt(view: DataView, start: number, bit: number): number {
  const first = start + (bit >> 3)
  let bits = 0
  for (let byte = Math.min(4, view.byteLength - 1 - first); byte >= 0; byte--)
    bits = bits * 256 + view.getUint8(first + byte)
  return Math.floor(bits / 2 ** (bit & 7))
}
