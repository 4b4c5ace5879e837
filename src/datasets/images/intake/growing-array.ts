type Numbers = Float64Array | Uint32Array | Int32Array | Uint16Array | Uint8Array

/** Numbers whose count is not known ahead, outside of the heap that --max-old-space-size limits. */
export class GrowingArray<A extends Numbers> {
  length = 0
  private array: A

  constructor(private readonly create: (length: number) => A) {
    this.array = create(1024)
  }

  push(value: number): void {
    if (this.length === this.array.length) {
      const grown = this.create(2 * this.length)
      grown.set(this.array)
      this.array = grown
    }
    this.array[this.length++] = value
  }

  at(index: number): number {
    return this.array[index]!
  }

  /** The numbers so far. Shares memory with the array until it grows. */
  values(): A {
    return this.array.subarray(0, this.length) as A
  }
}
