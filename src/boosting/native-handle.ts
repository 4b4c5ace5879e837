import type { Handle } from './capi.js'

/** A native object, which its creator frees: `using` does it at the end of the scope. */
export abstract class NativeHandle implements Disposable {
  protected constructor(
    private openHandle: Handle | null,
    private readonly release: (handle: Handle) => void,
  ) {}

  get handle(): Handle {
    if (this.openHandle === null) throw new Error(`this ${this.constructor.name} was freed before`)
    return this.openHandle
  }

  /** Later calls do nothing. */
  free(): void {
    const handle = this.openHandle
    this.openHandle = null
    if (handle !== null) this.release(handle)
  }

  [Symbol.dispose](): void {
    this.free()
  }
}
