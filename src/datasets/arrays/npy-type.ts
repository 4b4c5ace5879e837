// Types of NumPy's elements (https://numpy.org/doc/stable/reference/arrays.interface.html, `typestr`).
import type { PythonLiteral } from './python-literal.js'

export type ElementKind = 'bool' | 'uint' | 'int' | 'float' | 'text' | 'bytes'

/** The type of one element, or of one field of a record. */
export interface ElementType {
  kind: ElementKind
  /** Of the element. A character of a text takes four. */
  bytes: number
  littleEndian: boolean
  /** As NumPy prints it, such as float32 or <U10. */
  name: string
}

export interface RecordField {
  name: string
  type: ElementType
  /** In bytes from the begin of the record. */
  offset: number
}

/** The type of the elements of an array: plain, or records of named fields (a structured array). */
export interface ArrayType {
  /** Of an element, in bytes. */
  itemBytes: number
  /** Null for records. */
  element: ElementType | null
  /** Empty if the elements are plain. */
  fields: RecordField[]
}

const allowPickle =
  'which are stored as a pickle; a pickle can run any program, so none is read: convert them before you save them, such as texts by .astype(str) and numbers by .astype("float32")'

const unsupported: Readonly<Record<string, string>> = {
  O: `Python objects, ${allowPickle}`,
  M: 'dates (datetime64): save them as numbers or texts, such as by .astype("int64") or .astype(str)',
  m: 'durations (timedelta64): save them as numbers, such as by .astype("int64")',
  c: 'complex numbers: save their real and imaginary parts',
  T: 'variable texts (StringDType): save them by .astype(str)',
  V: 'bytes without a type, as which bfloat16 and float8 are saved: save them by .astype("float32")',
}

const kinds: Readonly<Record<string, { kind: ElementKind; sizes: readonly number[] | null }>> = {
  b: { kind: 'bool', sizes: [1] },
  u: { kind: 'uint', sizes: [1, 2, 4, 8] },
  i: { kind: 'int', sizes: [1, 2, 4, 8] },
  f: { kind: 'float', sizes: [2, 4, 8] },
  U: { kind: 'text', sizes: null },
  S: { kind: 'bytes', sizes: null },
}

/** Longer texts are no labels and no categories. */
const maxTextLength = 65_536

/** Reads the `descr` of a header. Returns a message if the type is not supported. */
export function parseArrayType(descr: PythonLiteral): ArrayType | string {
  if (typeof descr === 'string') {
    const element = parseElementType(descr)
    return typeof element === 'string'
      ? `the elements are ${element}`
      : { itemBytes: element.bytes, element, fields: [] }
  }
  if (!Array.isArray(descr)) return "the header's descr is neither a text nor a list of fields"
  const fields: RecordField[] = []
  const names = new Set<string>()
  let offset = 0
  for (const field of descr) {
    const found = parseField(field, offset)
    if (typeof found === 'string') return found
    if ('padding' in found) {
      offset += found.padding
      continue
    }
    if (names.has(found.name)) return `the field '${found.name}' occurs twice`
    names.add(found.name)
    fields.push(found)
    offset += found.type.bytes
  }
  return fields.length > 0
    ? { itemBytes: offset, element: null, fields }
    : "the header's descr has no field"
}

/** `('x', '<f4')`, `(('title', 'x'), '<f4')`, or bytes without a name between aligned fields. */
function parseField(
  field: PythonLiteral,
  offset: number,
): RecordField | { padding: number } | string {
  if (!Array.isArray(field)) return "the header's descr has a field that is no tuple"
  const [title, type, shape] = field
  const name = Array.isArray(title) ? title[1] : title
  if (typeof name !== 'string') return "the header's descr has a field without a name"
  const padding = name === '' && typeof type === 'string' && /^\|V(\d{1,6})$/.exec(type)
  if (padding) return { padding: Number(padding[1]) }
  if (shape !== undefined)
    return `the field '${name}' holds an array in each record: save one field for each of its elements`
  if (typeof type !== 'string')
    return `the field '${name}' holds records: save their fields beside the others`
  const element = parseElementType(type)
  if (typeof element === 'string') return `the field '${name}' holds ${element}`
  return { name, type: element, offset }
}

/** `<f4`, `|u1`, `>U10`. Returns what the elements are if they cannot be read. */
function parseElementType(text: string): ElementType | string {
  const [, order, letter = '', digits] =
    /^([<>|=])?([A-Za-z])(\d{1,9})?(?:\[.*\])?$/.exec(text) ?? []
  const reason = unsupported[letter]
  if (reason) return reason
  const size = Number(digits)
  const found = kinds[letter]
  if (!found || !digits) return `of the type '${text.slice(0, 40)}', which is not known`
  const { kind, sizes } = found
  if (sizes && !sizes.includes(size)) {
    return `of the type '${text}', expected ${sizes.map(bytes => letter + bytes).join(', ')}`
  }
  if (!sizes && (size === 0 || size > maxTextLength)) {
    return `texts of ${size} characters ('${text}'), expected 1 to ${maxTextLength}`
  }
  const name = sizes ? (kind === 'bool' ? 'bool' : `${kind}${8 * size}`) : text
  return { kind, bytes: kind === 'text' ? 4 * size : size, littleEndian: order !== '>', name }
}

/** True if the elements are numbers or booleans. */
export const isNumeric = ({ kind }: ElementType): boolean => kind !== 'text' && kind !== 'bytes'

export type ReadNumber = (bytes: Buffer, offset: number) => number

/** Returns how to read an element as a number; integers beyond 2^53 are rounded to the nearest. */
export function numberReader({ kind, bytes: size, littleEndian: little }: ElementType): ReadNumber {
  if (kind === 'bool') return (bytes, at) => (bytes[at] === 0 ? 0 : 1)
  if (kind === 'float') {
    if (size === 2) {
      return (bytes, at) => halfToNumber(little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at))
    }
    if (size === 4) return (bytes, at) => (little ? bytes.readFloatLE(at) : bytes.readFloatBE(at))
    return (bytes, at) => (little ? bytes.readDoubleLE(at) : bytes.readDoubleBE(at))
  }
  if (size === 8) {
    if (kind === 'uint') {
      return (bytes, at) => Number(little ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at))
    }
    return (bytes, at) => Number(little ? bytes.readBigInt64LE(at) : bytes.readBigInt64BE(at))
  }
  if (kind === 'uint') {
    if (size === 1) return (bytes, at) => bytes[at]!
    return (bytes, at) => (little ? bytes.readUIntLE(at, size) : bytes.readUIntBE(at, size))
  }
  return (bytes, at) => (little ? bytes.readIntLE(at, size) : bytes.readIntBE(at, size))
}

/** IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** Reads a text. NumPy fills what is left of its width with NUL. Returns null if it is no valid Unicode. */
export function readText(
  { kind, bytes: size, littleEndian }: ElementType,
  bytes: Buffer,
  offset: number,
): string | null {
  if (kind === 'bytes') {
    let end = offset + size
    while (end > offset && bytes[end - 1] === 0) end--
    const text = bytes.toString('utf8', offset, end)
    return text.includes('\ufffd') ? null : text
  }
  let text = ''
  let nuls = ''
  for (let at = offset; at < offset + size; at += 4) {
    const point = littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return null
    if (point === 0) nuls += '\0'
    else {
      text += nuls + String.fromCodePoint(point)
      nuls = ''
    }
  }
  return text
}
