// Finds the fields of CSV rows in memory, 64 bytes at a time. The rules are those of src/datasets/tables/csv.ts.

const LF: i32 = 10
const CR: i32 = 13
const space: i32 = 32
const doubleQuote: i32 = 34

/** The top bit of a field's end: the field is quoted. */
const quotedBit: u32 = 0x80000000

/** Bit n is set if byte n from `at` on is a delimiter or the end of a line. */
function fieldEnds(at: i32, delimiters: v128, lineFeeds: v128, returns: v128): u64 {
  let bits: u64 = 0
  for (let part = 3; part >= 0; part--) {
    const bytes = v128.load(at + part * 16)
    const found = v128.or(
      v128.or(i8x16.eq(bytes, delimiters), i8x16.eq(bytes, lineFeeds)),
      i8x16.eq(bytes, returns),
    )
    bits = (bits << 16) | <u64>i8x16.bitmask(found)
  }
  return bits
}

/** Replaces "" by " in place, and returns the new end of the text. */
function unescapeQuotes(start: i32, end: i32): i32 {
  let to = start
  for (let from = start; from < end; from++) {
    const byte = <i32>load<u8>(from)
    store<u8>(to++, byte)
    if (byte === doubleQuote) from++
  }
  return to
}

// Where the next row begins, and its line. Of the bytes from `base` on, `mask` has the field ends that were not passed.
let at: i32 = 0
let line: i32 = 0
let base: i32 = 0
let mask: u64 = 0

const complete: i32 = 0
const blank: i32 = 1
const incomplete: i32 = 2
/** This code cannot read the row. */
const strange: i32 = 3

/** Reads one row, which begins before `end`. Passes over it if it is complete or blank. */
function readRow(
  end: i32,
  isLast: bool,
  delimiter: i32,
  columns: i32,
  firstField: i32,
  fieldBytes: i32,
): i32 {
  const delimiters = i8x16.splat(<i8>delimiter)
  const lineFeeds = i8x16.splat(<i8>LF)
  const returns = i8x16.splat(<i8>CR)
  const rest = isLast ? strange : incomplete
  let position = at
  let endLine = line
  let ends = mask
  let endsFrom = base
  let field = 0
  let target = firstField
  let isBlank = false
  let isOpen = true
  while (isOpen) {
    while (position < end && <i32>load<u8>(position) === space) position++
    let start = position
    let stop: u32
    if (position < end && <i32>load<u8>(position) === doubleQuote) {
      let isEscaped = false
      start = ++position
      for (;;) {
        if (position >= end) return rest
        const byte = <i32>load<u8>(position)
        if (byte === doubleQuote) {
          if (position + 1 === end && !isLast) return incomplete
          if (position + 1 === end || <i32>load<u8>(position + 1) !== doubleQuote) break
          isEscaped = true
          position++
        } else if (byte === LF || (byte === CR && <i32>load<u8>(position + 1) !== LF)) endLine++
        position++
      }
      stop = (isEscaped ? unescapeQuotes(start, position) : position) | quotedBit
      position++
      while (position < end && <i32>load<u8>(position) === space) position++
      if (position < end) {
        const byte = <i32>load<u8>(position)
        if (byte !== delimiter && byte !== LF && byte !== CR) return strange
      }
    } else {
      if (position - endsFrom >= 64) {
        endsFrom = position
        ends = fieldEnds(endsFrom, delimiters, lineFeeds, returns)
      } else ends &= (<u64>-1) << (<u64>(position - endsFrom))
      while (ends === 0 && endsFrom + 64 < end) {
        endsFrom += 64
        ends = fieldEnds(endsFrom, delimiters, lineFeeds, returns)
      }
      position = ends === 0 ? end : min(end, endsFrom + <i32>ctz(ends))
      let last = position
      while (last > start && <i32>load<u8>(last - 1) === space) last--
      stop = last
      isBlank = field === 0 && last === start
    }
    if (field === columns) return strange
    store<u32>(target, start)
    store<u32>(target + 4, stop)
    target += fieldBytes
    field++
    if (position >= end) {
      if (!isLast) return incomplete
      isOpen = false
    } else {
      const byte = <i32>load<u8>(position)
      if (byte === CR && position + 1 === end && !isLast) return incomplete
      position++
      if (byte !== delimiter) {
        if (byte === CR && position < end && <i32>load<u8>(position) === LF) position++
        endLine++
        isOpen = false
      }
    }
  }
  const isComplete = field === columns && !(isBlank && field === 1)
  if (!isComplete && !(isBlank && field === 1)) return strange
  at = position
  line = endLine
  mask = ends
  base = endsFrom
  return isComplete ? complete : blank
}

/** Rows that `readRow` reads at most before the fast way is tried again. */
const maxSingleRows: i32 = 64

/** Bit n is set if byte n of 64 is the given one. */
function bytesEqual(a: v128, b: v128, c: v128, d: v128, wanted: v128): u64 {
  return (
    <u64>i8x16.bitmask(i8x16.eq(a, wanted)) |
    ((<u64>i8x16.bitmask(i8x16.eq(b, wanted))) << 16) |
    ((<u64>i8x16.bitmask(i8x16.eq(c, wanted))) << 32) |
    ((<u64>i8x16.bitmask(i8x16.eq(d, wanted))) << 48)
  )
}

/**
 * Reads complete rows whose fields are what lies between the delimiters: without quotes, blanks beside delimiters,
 * carriage returns within a line, and the wrong number of fields. Stops before the first other row, and before the
 * row that the last 64 bytes belong to. Returns how many it read.
 */
function readPlainRows(
  end: i32,
  delimiter: i32,
  columns: i32,
  maxRows: i32,
  firstField: i32,
  fieldBytes: i32,
  lines: i32,
): i32 {
  const delimiters = i8x16.splat(<i8>delimiter)
  const lineFeeds = i8x16.splat(<i8>LF)
  const returns = i8x16.splat(<i8>CR)
  const spaces = i8x16.splat(<i8>space)
  const quotes = i8x16.splat(<i8>doubleQuote)
  const lastField = columns - 1
  let rows = 0
  let field = 0
  let start = at
  let target = firstField
  let endedBefore: u64 = 1
  let spaceBefore: u64 = 0
  for (let position = at; position + 64 <= end; position += 64) {
    const a = v128.load(position)
    const b = v128.load(position, 16)
    const c = v128.load(position, 32)
    const d = v128.load(position, 48)
    const rowEnds = bytesEqual(a, b, c, d, lineFeeds)
    let ends = bytesEqual(a, b, c, d, delimiters) | rowEnds
    const blanks = bytesEqual(a, b, c, d, spaces)
    const carriageReturns = bytesEqual(a, b, c, d, returns)
    const endNext = <u64>(<i32>load<u8>(position + 64) === LF)
    const odd =
      bytesEqual(a, b, c, d, quotes) |
      (blanks & ((ends << 1) | endedBefore)) |
      (((blanks << 1) | spaceBefore) & (ends | carriageReturns)) |
      (carriageReturns & ~((rowEnds >> 1) | (endNext << 63)))
    if (odd !== 0) return rows
    endedBefore = ends >> 63
    spaceBefore = blanks >> 63
    while (ends !== 0) {
      const bit = ctz(ends)
      ends &= ends - 1
      let stop = position + <i32>bit
      const next = stop + 1
      if (((rowEnds >> bit) & 1) !== <u64>(field === lastField)) return rows
      if (field === lastField) {
        if (stop > start && <i32>load<u8>(stop - 1) === CR) stop--
        if (lastField === 0 && stop === start) return rows
        store<i32>(target, start)
        store<i32>(target, stop, 4)
        store<i32>(lines + rows * 4, line)
        rows++
        line++
        at = next
        field = 0
        target = firstField + rows * 8
        if (rows === maxRows) return rows
      } else {
        store<i32>(target, start)
        store<i32>(target, stop, 4)
        target += fieldBytes
        field++
      }
      start = next
    }
  }
  return rows
}

/**
 * Tokenises complete rows of `columns` fields from `from` to `end`. Field c of row r goes to `fields` as two int32, its
 * start and its end, at index c * stride + r, and the line of the row to `lines`. `result` gets three int32: where
 * the next row begins, its line, and 1 if this code cannot read it. Returns the number of rows. 64 bytes after `end`
 * are read.
 */
export function tokenise(
  from: i32,
  end: i32,
  isLast: bool,
  delimiter: i32,
  columns: i32,
  maxRows: i32,
  stride: i32,
  fields: i32,
  lines: i32,
  firstLine: i32,
  result: i32,
): i32 {
  at = from
  line = firstLine
  let rows = 0
  let singleRows = 1
  let isStrange = false
  let isOpen = true
  while (isOpen && at < end && rows < maxRows) {
    const plainRows = readPlainRows(
      end,
      delimiter,
      columns,
      maxRows - rows,
      fields + rows * 8,
      stride * 8,
      lines + rows * 4,
    )
    rows += plainRows
    singleRows = plainRows > 0 ? 1 : min(2 * singleRows, maxSingleRows)
    base = at - 64
    for (let single = 0; single < singleRows && at < end && rows < maxRows; single++) {
      const rowLine = line
      const found = readRow(end, isLast, delimiter, columns, fields + rows * 8, stride * 8)
      if (found === complete) store<i32>(lines + rows++ * 4, rowLine)
      else if (found !== blank) {
        isStrange = found === strange
        isOpen = false
        break
      }
    }
  }
  store<i32>(result, at)
  store<i32>(result + 4, line)
  store<i32>(result + 8, isStrange ? 1 : 0)
  return rows
}
