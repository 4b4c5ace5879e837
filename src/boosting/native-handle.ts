import type { Handle } from './capi.js'

/** A native object that lives until it is freed: once, by whoever made it. */
export abstract class NativeHandle implements Disposable {
  #handle: Handle | null
  readonly #release: (handle: Handle) => void

  protected constructor(handle: Handle, release: (handle: Handle) => void) {
    this.#handle = handle
    this.#release = release
  }

  get handle(): Handle {
    if (this.#handle === null) throw new Error(`this ${this.constructor.name} was freed before`)
    return this.#handle
  }

  /** A second call does nothing. */
  free(): void {
    const handle = this.#handle
    this.#handle = null
    if (handle !== null) this.#release(handle)
  }

  [Symbol.dispose](): void {
    this.free()
  }
}
