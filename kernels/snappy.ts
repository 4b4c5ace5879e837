// Inflates the raw format of Snappy: https://github.com/google/snappy/blob/main/format_description.txt

/**
 * Inflates `length` bytes to `size` ones at `to`. Returns false if they make others, or are damaged. Up to 16 bytes
 * behind both are touched.
 */
export function inflateSnappy(from: i32, length: i32, to: i32, size: i32): bool {
  const end = from + length
  const stop = to + size
  let at = from
  let stated: u64 = 0
  for (let shift: u64 = 0; ; shift += 7) {
    if (at >= end || shift > 28) return false
    const byte = <u64>load<u8>(at++)
    stated |= (byte & 127) << shift
    if (byte < 128) break
  }
  if (stated !== <u64>size) return false
  let out = to
  while (at < end) {
    const tag = <i32>load<u8>(at++)
    if ((tag & 3) === 0) {
      let count = <i64>(tag >> 2) + 1
      if (count > 60) {
        const bytes = <i32>count - 60
        if (bytes > end - at) return false
        count = <i64>(load<u32>(at) & (<u32>-1 >> (32 - 8 * bytes))) + 1
        at += bytes
      }
      if (count > <i64>(end - at) || count > <i64>(stop - out)) return false
      copyFar(at, out, <i32>count)
      at += <i32>count
      out += <i32>count
      continue
    }
    let count = (tag >> 2) + 1
    let offset: u32 = 0
    if ((tag & 3) === 1) {
      if (at === end) return false
      count = ((tag >> 2) & 7) + 4
      offset = ((<u32>(tag >> 5)) << 8) | <u32>load<u8>(at++)
    } else if ((tag & 3) === 2) {
      if (end - at < 2) return false
      offset = <u32>load<u16>(at)
      at += 2
    } else {
      if (end - at < 4) return false
      offset = load<u32>(at)
      at += 4
    }
    if (offset === 0 || offset > <u32>(out - to) || count > stop - out) return false
    const source = out - <i32>offset
    if (offset >= 16) copyFar(source, out, count)
    else for (let byte = 0; byte < count; byte++) store<u8>(out + byte, load<u8>(source + byte))
    out += count
  }
  return out === stop
}

/** Copies bytes to where they lie 16 behind or elsewhere, 16 at once. */
function copyFar(from: i32, to: i32, count: i32): void {
  if (count > 64) {
    memory.copy(to, from, count)
    return
  }
  for (let done = 0; done < count; done += 16) v128.store(to + done, v128.load(from + done))
}
