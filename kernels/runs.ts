// Reads runs and packed bits, as src/datasets/tables/parquet/bit-packing.ts does: RLE of Parquet.

const endsEarly: i32 = -1
const isEmpty: i32 = -2
const isWrong: i32 = -3

let at: i32 = 0

/** Returns the head of the next run, and leaves where its content begins; negative if it is cut off. */
function readHead(end: i32): i64 {
  let head: i64 = 0
  for (let shift: i64 = 0; shift <= 28 && at < end; shift += 7) {
    const byte = <i64>load<u8>(at++)
    head |= (byte & 127) << shift
    if (byte < 128) return head & 0xffffffff
  }
  return -1
}

/** The bytes of `count` numbers of `width` bits. */
function packedBytes(count: i32, width: i32): i64 {
  return (<i64>count * width + 7) >> 3
}

/** Rows up to which a run goes that has `length`. */
function endOfRun(filled: i32, length: i64, count: i32): i32 {
  return <i32>min(<i64>count, <i64>filled + length)
}

/**
 * Writes `count` numbers of `width` bits (at most 32) to int32 at `to`. Returns the largest, as unsigned ones, or one
 * of the negative numbers above. Up to 8 bytes behind `end` are read.
 */
export function readRuns(from: i32, end: i32, width: i32, count: i32, to: i32): f64 {
  const valueBytes = (width + 7) >> 3
  const bits: u64 = ((<u64>1) << (<u64>width)) - 1
  let largest: u32 = 0
  at = from
  for (let filled = 0; filled < count; ) {
    const head = readHead(end)
    if (head < 0) return endsEarly
    if ((head & 1) === 0) {
      if (valueBytes > end - at) return endsEarly
      const value = <u32>(load<u64>(at) & (((<u64>1) << (<u64>(8 * valueBytes))) - 1))
      const stop = endOfRun(filled, head >> 1, count)
      if (stop === filled) return isEmpty
      for (; filled < stop; filled++) store<u32>(to + filled * 4, value)
      largest = max(largest, value)
      at += valueBytes
      continue
    }
    const groups = head >> 1
    const stop = endOfRun(filled, 8 * groups, count)
    if (stop === filled) return isEmpty
    if (packedBytes(stop - filled, width) > <i64>(end - at)) return endsEarly
    let bit = 0
    for (; filled < stop; filled++) {
      const value = <u32>((load<u64>(at + (bit >> 3)) >> <u64>(bit & 7)) & bits)
      store<u32>(to + filled * 4, value)
      largest = max(largest, value)
      bit += width
    }
    // more only if it was the last run
    at += <i32>min(groups * width, <i64>(end - at))
  }
  return <f64>largest
}

/**
 * Writes `count` bits to bytes at `to`. Returns how many are 1, or one of the negative numbers above. Up to 8 bytes
 * behind the last are written.
 */
export function readLevels(from: i32, end: i32, count: i32, to: i32): i32 {
  let present = 0
  at = from
  for (let filled = 0; filled < count; ) {
    const head = readHead(end)
    if (head < 0) return endsEarly
    if ((head & 1) === 0) {
      if (at >= end) return endsEarly
      const value = load<u8>(at++)
      const stop = endOfRun(filled, head >> 1, count)
      if (stop === filled) return isEmpty
      if (value > 1) return isWrong
      memory.fill(to + filled, value, stop - filled)
      if (value === 1) present += stop - filled
      filled = stop
      continue
    }
    const groups = head >> 1
    const stop = endOfRun(filled, 8 * groups, count)
    if (stop === filled) return isEmpty
    if (packedBytes(stop - filled, 1) > <i64>(end - at)) return endsEarly
    for (let source = at; filled < stop; source++) {
      let byte = <u64>load<u8>(source)
      const rest = stop - filled
      if (rest < 8) byte &= ((<u64>1) << (<u64>rest)) - 1
      present += <i32>popcnt(byte)
      const apart = (byte * 0x0101010101010101) & 0x8040201008040201
      store<u64>(to + filled, ((apart + 0x7f7f7f7f7f7f7f7f) >> 7) & 0x0101010101010101)
      filled += min(rest, 8)
    }
    at += <i32>min(groups, <i64>(end - at))
  }
  return present
}
