// Thrift's compact protocol, in which Parquet writes its footer and page headers:
// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md

/** Nested structures and lists. Parquet's own are less deep. */
const maxDepth = 24

const stop = 0
const list = 9
const set = 10
const struct = 12

/**
 * Returns where the structure that begins the bytes ends, or -1 if the bytes end before it. Throws if its lengths
 * or types are impossible, so that a parser may then believe them.
 */
export function findStructEnd(bytes: Uint8Array): number {
  const walker = new Walker(bytes)
  try {
    walker.skipStruct(0)
    return walker.at
  } catch (error) {
    if (error instanceof EndOfBytes) return -1
    throw error
  }
}

class EndOfBytes extends Error {}

class Walker {
  at = 0

  constructor(private readonly bytes: Uint8Array) {}

  skipStruct(depth: number): void {
    if (depth > maxDepth) throw new Error('it is nested too deeply')
    for (;;) {
      const byte = this.byte()
      const type = byte & 15
      if (type === stop) return
      if (byte >> 4 === 0) this.varint()
      this.skip(type, depth)
    }
  }

  private skip(type: number, depth: number): void {
    switch (type) {
      case 1:
      case 2:
        return
      case 3:
        this.advance(1)
        return
      case 4:
      case 5:
      case 6:
        this.varint()
        return
      case 7:
        this.advance(8)
        return
      case 8:
        this.advance(this.varint())
        return
      case list:
      case set:
        this.skipList(depth + 1)
        return
      case struct:
        this.skipStruct(depth + 1)
        return
      default:
        throw new Error(`it has a field of the unknown type ${type}`)
    }
  }

  private skipList(depth: number): void {
    if (depth > maxDepth) throw new Error('it is nested too deeply')
    const head = this.byte()
    const type = head & 15
    const size = head >> 4 === 15 ? this.varint() : head >> 4
    // each element has at least a byte
    if (size > this.bytes.length - this.at) throw new EndOfBytes()
    for (let element = 0; element < size; element++) {
      // a boolean of a list is a byte of its own
      if (type === 1 || type === 2) this.advance(1)
      else this.skip(type, depth)
    }
  }

  private byte(): number {
    const byte = this.bytes[this.at++]
    if (byte === undefined) throw new EndOfBytes()
    return byte
  }

  private advance(count: number): void {
    this.at += count
    if (this.at > this.bytes.length) throw new EndOfBytes()
  }

  /** An unsigned number; exact up to 2^53. */
  private varint(): number {
    let value = 0
    for (let digit = 0; digit < 10; digit++) {
      const byte = this.byte()
      value += (byte & 127) * 2 ** (7 * digit)
      if (byte < 128) return value
    }
    throw new Error('it has a number of more than 64 bits')
  }
}
