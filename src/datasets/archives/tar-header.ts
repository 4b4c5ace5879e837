// Headers of tar archives: ustar and pax (POSIX.1-2017, pax, "ustar Interchange Format"), GNU tar and v7.
// Numbers are octal digits or, in GNU's extension, big-endian binary.

import { decodeUtf8 } from './entry-name.js'

export const blockBytes = 512

export interface TarHeader {
  name: string
  /** True if the name is not UTF-8 and was read as Latin-1. */
  nameIsGuessed: boolean
  /** The kind of entry, as one character; files have '0'. */
  type: string
  bytes: number
}

/** True if the sum of the block's bytes is the one that it states. */
export function isTarHeader(block: Buffer): boolean {
  if (block.length < blockBytes) return false
  const stated = parseNumber(block.subarray(148, 156))
  return stated !== null && (stated === sum(block, false) || stated === sum(block, true))
}

export const isZeroBlock = (block: Buffer): boolean => block.every(byte => byte === 0)

/** Reads a block for which `isTarHeader` is true. Returns what is wrong if it cannot be read. */
export function readTarHeader(block: Buffer): TarHeader | string {
  const bytes = parseNumber(block.subarray(124, 136))
  if (bytes === null) {
    const field = block.toString('latin1', 124, 136).replace(/[^ -~]/g, '·')
    return `its size '${field}' is no number of bytes`
  }
  const isPosix = block.toString('latin1', 257, 263) === 'ustar\0'
  const prefix = isPosix ? untilNul(block.subarray(345, 500)) : Buffer.alloc(0)
  const name = untilNul(block.subarray(0, 100))
  const full = prefix.length > 0 ? Buffer.concat([prefix, Buffer.from('/'), name]) : name
  const type = String.fromCharCode(block[156]!)
  return { ...decodeTarName(full), type: type === '\0' || type === '7' ? '0' : type, bytes }
}

export function decodeTarName(bytes: Buffer): Pick<TarHeader, 'name' | 'nameIsGuessed'> {
  const utf8 = decodeUtf8(bytes)
  return { name: utf8 ?? bytes.toString('latin1'), nameIsGuessed: utf8 === null }
}

export function untilNul(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0)
  return end < 0 ? bytes : bytes.subarray(0, end)
}

/** Null if the field is no number, or a negative one, or above 2^53. */
function parseNumber(field: Buffer): number | null {
  if ((field[0]! & 0x80) !== 0) return parseBinary(field)
  const digits = /^[ \0]*([0-7]+)[ \0]*$/.exec(field.toString('latin1'))?.[1]
  return digits === undefined ? null : Number.parseInt(digits, 8)
}

/** The first byte is 0x80 for numbers from 0, and 0xff for negative ones. */
function parseBinary(field: Buffer): number | null {
  if (field[0] !== 0x80) return null
  const value = field.subarray(1).reduce((number, byte) => number * 256 + byte, 0)
  return Number.isSafeInteger(value) ? value : null
}

/** The eight bytes of the sum itself count as blanks. Old programs took bytes as signed. */
function sum(block: Buffer, isSigned: boolean): number {
  let total = 8 * 32
  for (let at = 0; at < blockBytes; at++) {
    if (at >= 148 && at < 156) continue
    const byte = block[at]!
    total += isSigned && byte > 127 ? byte - 256 : byte
  }
  return total
}

/**
 * The records of a pax header, `<length> <key>=<value>\n`. Returns what is wrong if they cannot be read.
 */
export function readPaxRecords(data: Buffer): Map<string, string> | string {
  const records = new Map<string, string>()
  for (let at = 0; at < data.length; ) {
    const digits = /^([1-9]\d{0,5}) /.exec(data.toString('latin1', at, at + 7))?.[1]
    const end = at + Number(digits ?? Number.NaN)
    const start = at + (digits?.length ?? 0) + 1
    // some programs fill up with NUL
    if (digits === undefined && data.subarray(at).every(byte => byte === 0)) break
    if (!(end > start && end <= data.length) || data[end - 1] !== 0x0a) {
      return 'its extended header is damaged'
    }
    const record = data.subarray(start, end - 1)
    const equals = record.indexOf('=')
    const value = decodeUtf8(record.subarray(equals + 1))
    if (equals < 1) return 'its extended header is damaged'
    const key = record.toString('latin1', 0, equals)
    // other keys, such as comments and attributes of files, may hold any bytes
    if (value !== null) records.set(key, value)
    else if (key === 'path') return 'its name is not UTF-8'
    at = end
  }
  return records
}
