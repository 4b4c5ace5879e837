// The memory by which one thread gives the bytes of files, chunk by chunk, to another one that hashes them.
import { createHash } from 'node:crypto'

/** Copied and hashed while it is in the processor's cache. */
export const chunkBytes = 2 ** 18
const chunkCount = 4
const digestBytes = 32

/** Places of int32. The lengths follow; that of the last chunk of a file is negative, and less by 1. */
const places = { ready: 0, given: 1, hashed: 2, lengths: 3 }
const headBytes = 64

const maxWaitMs = 60_000

export class HashChunks {
  static readonly bytes = headBytes + digestBytes + chunkCount * chunkBytes
  private readonly integers: Int32Array
  private readonly digest: Uint8Array

  constructor(readonly memory: SharedArrayBuffer) {
    this.integers = new Int32Array(memory, 0, headBytes / 4)
    this.digest = new Uint8Array(memory, headBytes, digestBytes)
  }

  /** True if a thread runs `hashForever`. */
  get isReady(): boolean {
    return Atomics.load(this.integers, places.ready) === 1
  }

  /** The chunk to fill next. Waits until it has been hashed. */
  next(): Uint8Array {
    const given = Atomics.load(this.integers, places.given)
    this.waitUntil(given - chunkCount + 1)
    return this.chunk(given)
  }

  /** Gives the chunk that `next` returned, which is filled up to `length`. */
  give(length: number, isLast: boolean): void {
    const { integers } = this
    const given = Atomics.load(integers, places.given)
    integers[places.lengths + (given % chunkCount)] = isLast ? -1 - length : length
    Atomics.store(integers, places.given, given + 1)
    Atomics.notify(integers, places.given)
  }

  /** The hash of the file whose last chunk was given. */
  hash(): Buffer {
    this.waitUntil(Atomics.load(this.integers, places.given))
    return Buffer.from(this.digest)
  }

  /** What the other thread does, which never ends. */
  hashForever(): never {
    const { integers } = this
    let hash = createHash('sha256')
    Atomics.store(integers, places.ready, 1)
    for (let chunk = 0; ; chunk++) {
      while (Atomics.load(integers, places.given) === chunk)
        Atomics.wait(integers, places.given, chunk)
      const length = integers[places.lengths + (chunk % chunkCount)]!
      hash.update(this.chunk(chunk).subarray(0, length < 0 ? -1 - length : length))
      if (length < 0) {
        this.digest.set(hash.digest())
        hash = createHash('sha256')
      }
      Atomics.store(integers, places.hashed, chunk + 1)
      Atomics.notify(integers, places.hashed)
    }
  }

  private chunk(index: number): Uint8Array {
    const at = headBytes + digestBytes + (index % chunkCount) * chunkBytes
    return new Uint8Array(this.memory, at, chunkBytes)
  }

  private waitUntil(hashed: number): void {
    const { integers } = this
    for (;;) {
      const seen = Atomics.load(integers, places.hashed)
      if (seen >= hashed) return
      if (Atomics.wait(integers, places.hashed, seen, maxWaitMs) === 'timed-out')
        throw new Error(`the thread that hashes files did not answer in ${maxWaitMs / 1000} s`)
    }
  }
}
