/** The task of a case, ready to run. */
export interface PreparedTask {
  step(): unknown
  /** The model in UBJSON, if the task has one. */
  model?(): Uint8Array
}
