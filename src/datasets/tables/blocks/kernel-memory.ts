// Where the kernels of kernels/ find their data, for the threads that share their memory.
import type { Kernels } from '../kernels/load-kernels.js'

/** What a cell is; bits. An undecided one may be a number, or with `other` a word that means something. */
export const cellKinds = { missing: 0, number: 1, integer: 2, other: 4, undecided: 8 } as const

/** Where the rows of a block are in the memory, in bytes. */
export interface BlockPlaces {
  fields: number
  lines: number
  numbers: number
  texts: number
  kinds: number
  /** An int32 for each column: whether it is to be parsed. */
  plans: number
  /** 32 bytes for each column. */
  results: number
  /** An int32 for each column: 0 until it is parsed. */
  done: number
  /** Two int32: the next column to parse, and the number of rows. */
  head: number
}

export interface KernelPlaces {
  columns: number
  /** Cells of a column to those of the next. */
  stride: number
  powers: number
  exactPowers: number
  /** The code of the decimal sign. */
  decimal: number
  /** An int32 that changes if there is work for other threads. */
  work: number
  blocks: readonly BlockPlaces[]
}

export const plans = { skip: 0, parse: 1, parseAndCheckFit: 2 } as const

const parsed = 1
const failed = 2

export const minPower = -64
export const maxPower = 38
export const maxExactPower = 22

/** Parses columns of numbers, of which each thread takes the next. */
export class NumberColumns {
  private readonly integers: Int32Array

  constructor(
    memory: WebAssembly.Memory,
    private readonly kernels: Kernels,
    private readonly places: KernelPlaces,
  ) {
    this.integers = new Int32Array(memory.buffer)
  }

  /** Begins a block. Its plans must be there. */
  offer({ head, done }: BlockPlaces, rows: number): void {
    const { integers, places } = this
    integers.fill(0, done >> 2, (done >> 2) + places.columns)
    integers[(head >> 2) + 1] = rows
    Atomics.store(integers, head >> 2, 0)
    Atomics.add(integers, places.work >> 2, 1)
    Atomics.notify(integers, places.work >> 2)
  }

  /** Parses the next column of a block. Returns false if no thread has one to begin. */
  parseNext(block: BlockPlaces): boolean {
    const column = Atomics.add(this.integers, block.head >> 2, 1)
    if (column >= this.places.columns) return false
    this.parse(block, column)
    return true
  }

  /** Parses what no thread has begun until a column is parsed, or waits for the thread that has begun it. */
  waitFor(block: BlockPlaces, column: number): void {
    const at = (block.done >> 2) + column
    while (Atomics.load(this.integers, at) === 0) {
      if (!this.parseNext(block)) Atomics.wait(this.integers, at, 0)
    }
    if (this.integers[at] === failed)
      throw new Error(`the numbers of column ${column} were not parsed`)
  }

  /** Parses blocks for another thread, which never ends. */
  parseForever(): never {
    const { integers, places } = this
    let seen = 0
    for (;;) {
      Atomics.wait(integers, places.work >> 2, seen)
      seen = Atomics.load(integers, places.work >> 2)
      for (const block of places.blocks) while (this.parseNext(block));
    }
  }

  private parse(block: BlockPlaces, column: number): void {
    const at = (block.done >> 2) + column
    let outcome: number = failed
    try {
      this.parseColumn(block, column)
      outcome = parsed
    } finally {
      Atomics.store(this.integers, at, outcome)
      Atomics.notify(this.integers, at)
    }
  }

  private parseColumn(block: BlockPlaces, column: number): void {
    const { integers, kernels } = this
    const { stride, powers, exactPowers, decimal } = this.places
    const plan = integers[(block.plans >> 2) + column]!
    if (plan === plans.skip) return
    kernels.parseNumbers(
      block.fields + 8 * stride * column,
      integers[(block.head >> 2) + 1]!,
      powers,
      exactPowers,
      decimal,
      plan === plans.parseAndCheckFit ? 1 : 0,
      block.numbers + 8 * stride * column,
      block.kinds + stride * column,
      block.results + 32 * column,
    )
  }
}
