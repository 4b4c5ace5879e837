// The blocks of code in the documentation, and the tests that run them.
import { readFileSync } from 'node:fs'

export interface DocBlock {
  page: string
  line: number
  language: string
  code: string
  /** The comment before the block: `run by TEST`, or `not run: WHY`; null without one. */
  marker: string | null
}

/** All fenced blocks of a page. */
export function readBlocks(page: string): DocBlock[] {
  const blocks: DocBlock[] = []
  const lines = readFileSync(page, 'utf8').split('\n')
  let open: DocBlock | null = null
  lines.forEach((text, i) => {
    const [, language] = /^\s*```(\S*)/.exec(text) ?? []
    if (language === undefined) {
      if (open) open.code += `${text}\n`
    } else if (open) {
      blocks.push(open)
      open = null
    } else {
      open = { page, line: i + 1, language, code: '', marker: markerAbove(lines, i) }
    }
  })
  return blocks
}

function markerAbove(lines: readonly string[], line: number): string | null {
  const above = lines.slice(0, line).findLast(text => text.trim() !== '') ?? ''
  return /^\s*<!-- (.*) -->$/.exec(above)?.[1] ?? null
}

/** The blocks of a page that a test says it runs, in their order. */
export function blocksRunBy(test: string, page: string): DocBlock[] {
  const blocks = readBlocks(page).filter(({ marker }) => testOf(marker) === test)
  if (blocks.length === 0) throw new Error(`${page} has no block that is run by ${test}`)
  return blocks
}

/** The test that a marker names. What follows a comma says what the block needs. */
export const testOf = (marker: string | null): string | undefined =>
  /^run by ([\w./-]+\.test\.ts)(,|$)/.exec(marker ?? '')?.[1]
