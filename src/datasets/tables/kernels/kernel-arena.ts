import { createMemory, firstPlace, type Kernels, loadKernels } from './load-kernels.js'

/** Vectors are loaded and stored beyond the end of a block. */
const padding = 64
const smallestBlock = 1024
/** Sizes of blocks between a power of 2 and the next, so that at most a fifth of a block is not used. */
const steps = 4

/** A part of the memory, from byte `at` on. */
export interface Block {
  readonly at: number
  readonly size: number
}

const arenas = new WeakMap<ArrayBufferLike, KernelArena>()

/** The arena that an array lies in; null if it is none of an arena. */
export const arenaOf = (array: ArrayBufferView): KernelArena | null =>
  arenas.get(array.buffer) ?? null

/** A memory that kernels work in. Its blocks are used again and again, without work for the garbage collector. */
export class KernelArena {
  readonly kernels: Kernels
  readonly bytes: Buffer
  private readonly buffer: SharedArrayBuffer
  private readonly free = new Map<number, Block[]>()
  private end = firstPlace

  /** Pages that no block has touched take no memory. */
  constructor(private readonly maxBytes: number) {
    const memory = createMemory(maxBytes)
    this.buffer = memory.buffer
    this.kernels = loadKernels(memory)
    this.bytes = Buffer.from(memory.buffer)
    arenas.set(memory.buffer, this)
  }

  /** Returns a block of at least so many bytes, with anything in it; null if there is no room. */
  take(bytes: number): Block | null {
    const size = blockSize(bytes + padding)
    const block = this.free.get(size)?.pop()
    if (block) return block
    if (this.end + size > this.maxBytes) return null
    const at = this.end
    this.end += size
    return { at, size }
  }

  give(block: Block): void {
    const free = this.free.get(block.size)
    if (free) free.push(block)
    else this.free.set(block.size, [block])
  }

  /** Float64 of the arena as float32, which the next call overwrites; null if there is no room. */
  narrowed(values: Float64Array): Float32Array | null {
    const { byteOffset, length } = values
    const block = this.take(4 * length)
    if (!block) return null
    this.kernels.narrow(byteOffset, length, block.at)
    this.give(block)
    return new Float32Array(this.buffer, block.at, length)
  }

  float64(at: number, length: number): Float64Array {
    return new Float64Array(this.buffer, at, length)
  }

  int32(at: number, length: number): Int32Array {
    return new Int32Array(this.buffer, at, length)
  }

  uint8(at: number, length: number): Uint8Array {
    return new Uint8Array(this.buffer, at, length)
  }
}

function blockSize(bytes: number): number {
  let size = smallestBlock
  while (2 * size < bytes) size *= 2
  const step = size / steps
  return Math.max(size, step * Math.ceil(bytes / step))
}
