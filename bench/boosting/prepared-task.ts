/** A case's task, ready to be done. */
export interface PreparedTask {
  step(): unknown
  /** As UBJ, once there is one. */
  model?(): Uint8Array
}
