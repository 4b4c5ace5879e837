import { type FieldError, maxListedErrors, TrainyardError } from '../errors.js'
import { type FileErrorCode, type FileLocation, fileError } from './errors.js'

/** Problems whose message is repeated in the message of the whole. */
const maxInMessage = 10

/** Collects what is wrong with an upload, so that the sender learns of all at once. */
export class FileProblems {
  private code: TrainyardError['code'] | null = null
  private readonly messages: string[] = []
  private readonly errors: FieldError[] = []
  private found = 0

  add(code: FileErrorCode, location: FileLocation, detail: string): void {
    if (this.isFull) this.found++
    else this.addError(fileError(code, location, detail))
  }

  addError(error: TrainyardError): void {
    this.found++
    if (this.isFull) return
    this.code ??= error.code
    this.errors.push(...error.errors)
    if (this.messages.length < maxInMessage) this.messages.push(error.message)
  }

  /** True if further problems are only counted. */
  get isFull(): boolean {
    return this.errors.length >= maxListedErrors
  }

  /** Throws one error with all problems. Its code is that of the first one. */
  throwIfAny(): void {
    if (!this.code) return
    const more = this.found - this.messages.length
    const message = this.messages.join('; ')
    throw new TrainyardError(this.code, more > 0 ? `${message}; and ${more} more` : message, {
      errors: this.errors,
    })
  }
}
