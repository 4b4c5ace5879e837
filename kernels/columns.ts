// Puts the values of pages where their rows are.

const float64: i32 = 0
const float32: i32 = 1
const int32: i32 = 2
const uint32: i32 = 3
const int64: i32 = 4
const uint64: i32 = 5
/** Writes `count` numbers of a kind above, or bits, as float64 to `to`. */
export function widen(kind: i32, from: i32, count: i32, to: i32): void {
  if (kind === float64) {
    memory.copy(to, from, count * 8)
    return
  }
  for (let at = 0; at < count; at++) {
    let value: f64
    if (kind === float32) value = <f64>load<f32>(from + at * 4)
    else if (kind === int32) value = <f64>load<i32>(from + at * 4)
    else if (kind === uint32) value = <f64>load<u32>(from + at * 4)
    else if (kind === int64) value = <f64>load<i64>(from + at * 8)
    else if (kind === uint64) value = <f64>load<u64>(from + at * 8)
    else value = <f64>((<i32>load<u8>(from + (at >> 3)) >> (at & 7)) & 1)
    store<f64>(to + at * 8, value)
  }
}

/** Copies bytes within the memory. */
export function move(from: i32, count: i32, to: i32): void {
  memory.copy(to, from, count)
}

/** How many of bytes that are 0 or 1 are 1. */
export function sumBytes(from: i32, count: i32): i32 {
  let sum = 0
  let at = 0
  for (; count - at >= 8; at += 8) sum += <i32>popcnt(load<u64>(from + at))
  for (; at < count; at++) sum += <i32>load<u8>(from + at)
  return sum
}

/** Writes float64 to the rows whose byte of `valid` is 1, and NaN to the others. `values` is read to one entry behind. */
export function spreadNumbers(values: i32, valid: i32, rows: i32, to: i32): void {
  let from = values
  for (let row = 0; row < rows; row++) {
    const isValid = <i32>load<u8>(valid + row)
    store<f64>(to + row * 8, select<f64>(load<f64>(from), NaN, isValid))
    from += isValid << 3
  }
}

/** As `spreadNumbers`, of int32 and 0. */
export function spreadCodes(codes: i32, valid: i32, rows: i32, to: i32): void {
  let from = codes
  for (let row = 0; row < rows; row++) {
    const isValid = <i32>load<u8>(valid + row)
    store<i32>(to + row * 4, load<i32>(from) & -isValid)
    from += isValid << 2
  }
}

/** As `spreadNumbers`, of the numbers of a dictionary that codes stand for. `valid` is 0 if all rows have one. */
export function gatherNumbers(dictionary: i32, codes: i32, valid: i32, rows: i32, to: i32): void {
  if (valid === 0) {
    for (let row = 0; row < rows; row++) {
      store<f64>(to + row * 8, load<f64>(dictionary + load<i32>(codes + row * 4) * 8))
    }
    return
  }
  let from = codes
  for (let row = 0; row < rows; row++) {
    const isValid = <i32>load<u8>(valid + row)
    const code = load<i32>(from) & -isValid
    store<f64>(to + row * 8, select<f64>(load<f64>(dictionary + code * 8), NaN, isValid))
    from += isValid << 2
  }
}

/** Adds to int32 how often each code is there in the valid rows. Returns how many rows those are. */
export function countCodes(codes: i32, valid: i32, rows: i32, counts: i32): i32 {
  let present = 0
  for (let row = 0; row < rows; row++) {
    if (valid !== 0 && load<u8>(valid + row) === 0) continue
    const count = counts + load<i32>(codes + row * 4) * 4
    store<i32>(count, load<i32>(count) + 1)
    present++
  }
  return present
}

/** Writes float64 as float32. */
export function narrow(values: i32, count: i32, to: i32): void {
  let at = 0
  for (; count - at >= 2; at += 2) {
    const pair = f32x4.demote_f64x2_zero(v128.load(values + at * 8))
    v128.store64_lane(to + at * 4, pair, 0)
  }
  if (at < count) store<f32>(to + at * 4, <f32>load<f64>(values + at * 8))
}

/** Writes what a table of int32 has for each code, and -1 for the rows that are not valid. */
export function translateCodes(codes: i32, valid: i32, rows: i32, table: i32, to: i32): void {
  for (let row = 0; row < rows; row++) {
    const code = load<i32>(table + load<i32>(codes + row * 4) * 4)
    const isMissing = valid !== 0 && load<u8>(valid + row) === 0
    store<i32>(to + row * 4, isMissing ? -1 : code)
  }
}
