/** A failure that the user of a bench can understand and fix; printed without a stack. */
export class BenchError extends Error {}
