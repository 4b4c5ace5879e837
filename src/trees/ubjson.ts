// UBJSON (ubjson.org, draft 12), as far as XGBoost writes it: https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html

export type Numbers = Float32Array | Float64Array | Int32Array | Int16Array | Int8Array | Uint8Array

/** A list of numbers of one type. It is read from the bytes when it is asked for, since most lists are not. */
export interface NumberList {
  length: number
  numbers(): Numbers
}

export type UbjsonValue =
  | null
  | boolean
  | number
  | string
  | NumberList
  | UbjsonValue[]
  | { [key: string]: UbjsonValue }

interface NumberType {
  bytes: number
  read(view: DataView, offset: number): number
  /** Of bytes in the order of this machine, which every engine of ours needs to be little-endian. */
  list(buffer: ArrayBuffer): Numbers
}

const numberTypes: Readonly<Record<string, NumberType>> = {
  i: { bytes: 1, read: (v, at) => v.getInt8(at), list: buffer => new Int8Array(buffer) },
  U: { bytes: 1, read: (v, at) => v.getUint8(at), list: buffer => new Uint8Array(buffer) },
  I: { bytes: 2, read: (v, at) => v.getInt16(at), list: buffer => new Int16Array(buffer) },
  l: { bytes: 4, read: (v, at) => v.getInt32(at), list: buffer => new Int32Array(buffer) },
  L: {
    bytes: 8,
    read: (v, at) => Number(v.getBigInt64(at)),
    list: buffer => Float64Array.from(new BigInt64Array(buffer), Number),
  },
  d: { bytes: 4, read: (v, at) => v.getFloat32(at), list: buffer => new Float32Array(buffer) },
  D: { bytes: 8, read: (v, at) => v.getFloat64(at), list: buffer => new Float64Array(buffer) },
}

/** Numbers of the file are big-endian. */
function swapped(bytes: Uint8Array, size: number): ArrayBuffer {
  const { buffer } = new Uint8Array(bytes)
  const copy = Buffer.from(buffer)
  if (size === 2) copy.swap16()
  if (size === 4) copy.swap32()
  if (size === 8) copy.swap64()
  return buffer
}

const constants: Readonly<Record<string, null | boolean>> = { Z: null, T: true, F: false }

const maxDepth = 64

/** Returns the value of `bytes`. Yields after each item of a list, so that a caller can read it in parts. */
export function* parseUbjson(bytes: Uint8Array): Generator<undefined, UbjsonValue> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const decoder = new TextDecoder()
  let at = 0

  return yield* value(marker(), 0)

  function marker(): string {
    const code = bytes[at++]
    if (code === undefined) throw new RangeError('the bytes end inside a value')
    return String.fromCharCode(code)
  }

  function number(type: string): number {
    const found = numberTypes[type]
    if (!found) throw new SyntaxError(`type ${JSON.stringify(type)} at byte ${at - 1} is no number`)
    at += found.bytes
    return found.read(view, at - found.bytes)
  }

  function length(): number {
    const count = number(marker())
    if (count >= 0 && count <= bytes.length) return count
    throw new RangeError(`a length of ${count} at byte ${at} is beyond the end`)
  }

  function text(): string {
    const end = length() + at
    const content = bytes.subarray(at, end)
    at = end
    return decoder.decode(content)
  }

  function* value(type: string, depth: number): Generator<undefined, UbjsonValue> {
    if (depth > maxDepth) throw new RangeError(`values lie inside each other ${depth} times`)
    if (type === '{') return yield* object(depth)
    if (type === '[') return yield* list(depth)
    if (type === 'S') return text()
    return constants[type] === undefined ? number(type) : constants[type]
  }

  function* object(depth: number): Generator<undefined, UbjsonValue> {
    const fields: { [key: string]: UbjsonValue } = Object.create(null)
    while (bytes[at] !== closingBrace) {
      const key = text()
      fields[key] = yield* value(marker(), depth + 1)
    }
    at++
    return fields
  }

  function* list(depth: number): Generator<undefined, UbjsonValue> {
    if (bytes[at] === dollar) return numberList()
    const count = bytes[at] === hash ? countAfterHash() : null
    const items: UbjsonValue[] = []
    while (count === null ? bytes[at] !== closingBracket : items.length < count) {
      items.push(yield* value(marker(), depth + 1))
      yield
    }
    if (count === null) at++
    return items
  }

  function countAfterHash(): number {
    at++
    return length()
  }

  function numberList(): NumberList {
    at++
    const name = marker()
    const type = numberTypes[name]
    if (!type || bytes[at] !== hash) throw new SyntaxError(`a list of ${name} at byte ${at}`)
    const count = countAfterHash()
    const end = at + count * type.bytes
    if (end > bytes.length) throw new RangeError('the bytes end inside a list')
    const content = bytes.subarray(at, end)
    at = end
    return { length: count, numbers: () => type.list(swapped(content, type.bytes)) }
  }
}

const [closingBrace, closingBracket, dollar, hash] = [0x7d, 0x5d, 0x24, 0x23]
