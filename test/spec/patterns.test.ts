import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'

const document = new URL('../../../test/api/openapi.json', import.meta.url)

/** Every `pattern` of a schema in the OpenAPI document: the server tests what clients send with them. */
async function collectPatterns(): Promise<string[]> {
  const patterns = new Set<string>()
  JSON.parse(await readFile(document, 'utf8'), (key, value) => {
    if (key === 'pattern' && typeof value === 'string') patterns.add(value)
    return value
  })
  return [...patterns]
}

/** Texts that patterns with nested or adjacent repetitions take exponential or quadratic time for. */
const hostileTexts = (length: number) =>
  ['a', '0', '.', '-', '/', 'a.', 'a-', '0.', 'a,', 'a/', 'a:', ' '].flatMap(unit => {
    const long = unit.repeat(length / unit.length)
    return [long, `${long}!`, `a/${long}!`, `a:${long}!`, `2026-01-01T00:00:00.${long}!`]
  })

test('every pattern of the API takes linear time', async () => {
  const patterns = await collectPatterns()
  assert.ok(patterns.length > 10, `only ${patterns.length} patterns were found`)
  const texts = hostileTexts(200_000)
  for (const pattern of patterns) {
    // as Ajv compiles it
    const regex = new RegExp(pattern, 'u')
    const startedAt = performance.now()
    for (const text of texts) regex.test(text)
    const elapsedMs = performance.now() - startedAt
    assert.ok(elapsedMs < 3000, `${pattern} took ${elapsedMs} ms`)
  }
})
