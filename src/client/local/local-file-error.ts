/** A file of this machine cannot be read, or changed while it was sent. */
export class LocalFileError extends Error {
  constructor(
    readonly path: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.name = 'LocalFileError'
  }
}
