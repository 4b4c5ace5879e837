/** Trouble that whoever runs the bench can understand; printed without a stack. */
export class BenchError extends Error {}
