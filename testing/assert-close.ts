import assert from 'node:assert/strict'

/** Asserts that two numbers differ by less than `tolerance`. */
export function assertClose(
  actual: number,
  expected: number,
  tolerance: number,
  what: string,
): void {
  assert.ok(
    Math.abs(actual - expected) < tolerance,
    `${what} is ${actual}, expected ${expected}, give or take ${tolerance}`,
  )
}
