/** A mistake in a graph's description, in the caller's terms. Thrown while the graph is built. */
export class GraphError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'GraphError'
  }
}

export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new GraphError(message)
}
