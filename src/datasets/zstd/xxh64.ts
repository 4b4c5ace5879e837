// XXH64 (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md), by halves of 32 bits, since numbers
// of 64 bits are slow in JavaScript.

type U64 = [high: number, low: number]

const prime1: U64 = [0x9e3779b1, 0x85ebca87]
const prime2: U64 = [0xc2b2ae3d, 0x27d4eb4f]
const prime3: U64 = [0x165667b1, 0x9e3779f9]
const prime4: U64 = [0x85ebca77, 0xc2b2ae63]
const prime5: U64 = [0x27d4eb2f, 0x165667c5]

const add = ([ah, al]: U64, [bh, bl]: U64): U64 => {
  const low = (al >>> 0) + (bl >>> 0)
  return [(ah + bh + (low > 0xffffffff ? 1 : 0)) | 0, low | 0]
}
const xor = ([ah, al]: U64, [bh, bl]: U64): U64 => [ah ^ bh, al ^ bl]
const rotate = ([high, low]: U64, by: number): U64 =>
  by < 32
    ? [(high << by) | (low >>> (32 - by)), (low << by) | (high >>> (32 - by))]
    : by === 32
      ? [low, high]
      : rotate([low, high], by - 32)
const shiftRight = ([high, low]: U64, by: number): U64 =>
  by < 32 ? [high >>> by, (low >>> by) | (high << (32 - by))] : [0, high >>> (by - 32)]
const multiply = (a: U64, [bh, bl]: U64): U64 => {
  const [ah, al] = a
  return [(highProduct(al, bl) + Math.imul(ah, bl) + Math.imul(al, bh)) | 0, Math.imul(al, bl)]
}

/** The upper half of a product of 32 by 32 bits. */
function highProduct(a: number, b: number): number {
  const [al, ah, bl, bh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16]
  const low = al * bl
  const middle = ah * bl + (low >>> 16)
  const other = al * bh + (middle & 0xffff)
  return ah * bh + (middle >>> 16) + (other >>> 16)
}

const stripeBytes = 32

/** Computes the checksum of bytes that come in parts. */
export class Xxh64 {
  /** High and low halves of the four lanes. */
  private readonly lanes = Int32Array.from([
    ...add(prime1, prime2),
    ...prime2,
    ...[0, 0],
    ...add([~prime1[0], ~prime1[1]], [0, 1]),
  ])
  private readonly rest = Buffer.alloc(stripeBytes)
  private restBytes = 0
  private total = 0

  update(bytes: Uint8Array): void {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.total += buffer.length
    let at = 0
    if (this.restBytes > 0) {
      at = buffer.copy(this.rest, this.restBytes)
      this.restBytes += at
      if (this.restBytes < stripeBytes) return
      this.addStripes(this.rest, 0, stripeBytes)
      this.restBytes = 0
    }
    const end = at + Math.floor((buffer.length - at) / stripeBytes) * stripeBytes
    this.addStripes(buffer, at, end)
    this.restBytes = buffer.copy(this.rest, 0, end)
  }

  /** The lower 32 bits, which a Zstandard frame ends with. */
  lower32(): number {
    return this.digest()[1] >>> 0
  }

  digest(): U64 {
    let hash = this.total >= stripeBytes ? this.mergeLanes() : prime5
    hash = add(hash, [Math.floor(this.total / 2 ** 32), this.total | 0])
    const { rest, restBytes } = this
    let at = 0
    for (; at + 8 <= restBytes; at += 8) {
      const lane: U64 = [rest.readInt32LE(at + 4), rest.readInt32LE(at)]
      hash = xor(hash, roundOf([0, 0], lane))
      hash = add(multiply(rotate(hash, 27), prime1), prime4)
    }
    if (at + 4 <= restBytes) {
      hash = xor(hash, multiply([0, rest.readInt32LE(at)], prime1))
      hash = add(multiply(rotate(hash, 23), prime2), prime3)
      at += 4
    }
    for (; at < restBytes; at++) {
      hash = xor(hash, multiply([0, rest[at]!], prime5))
      hash = multiply(rotate(hash, 11), prime1)
    }
    hash = multiply(xor(hash, shiftRight(hash, 33)), prime2)
    hash = multiply(xor(hash, shiftRight(hash, 29)), prime3)
    return xor(hash, shiftRight(hash, 32))
  }

  private mergeLanes(): U64 {
    const lanes = [0, 1, 2, 3].map((at): U64 => [this.lanes[2 * at]!, this.lanes[2 * at + 1]!])
    let hash: U64 = [0, 0]
    for (const [at, by] of [1, 7, 12, 18].entries()) hash = add(hash, rotate(lanes[at]!, by))
    for (const lane of lanes) {
      hash = add(multiply(xor(hash, roundOf([0, 0], lane)), prime1), prime4)
    }
    return hash
  }

  /** The same as `roundOf`, without an array for each number. */
  private addStripes(buffer: Buffer, start: number, end: number): void {
    const { lanes } = this
    const [p1h, p1l] = prime1
    const [p2h, p2l] = prime2
    for (let at = start; at < end; ) {
      for (let lane = 0; lane < 8; lane += 2, at += 8) {
        const low = buffer.readInt32LE(at)
        const high = buffer.readInt32LE(at + 4)
        const productLow = Math.imul(low, p2l)
        const productHigh = (highProduct(low, p2l) + Math.imul(high, p2l) + Math.imul(low, p2h)) | 0
        const sumLow = (lanes[lane + 1]! >>> 0) + (productLow >>> 0)
        const sumHigh = (lanes[lane]! + productHigh + (sumLow > 0xffffffff ? 1 : 0)) | 0
        const turnedHigh = (sumHigh << 31) | ((sumLow | 0) >>> 1)
        const turnedLow = ((sumLow | 0) << 31) | (sumHigh >>> 1)
        lanes[lane] =
          highProduct(turnedLow, p1l) + Math.imul(turnedHigh, p1l) + Math.imul(turnedLow, p1h)
        lanes[lane + 1] = Math.imul(turnedLow, p1l)
      }
    }
  }
}

const roundOf = (lane: U64, input: U64): U64 =>
  multiply(rotate(add(lane, multiply(input, prime2)), 31), prime1)
