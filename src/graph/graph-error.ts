/** What is wrong with a graph, in the words of whoever described it; thrown while building. */
export class GraphError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'GraphError'
  }
}

export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new GraphError(message)
}
