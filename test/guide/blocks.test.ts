// Commands that nobody runs become wrong. So each block of code in the documentation says which test runs it, or why none
// can, in a comment before it: `<!-- run by test/e2e/readme.test.ts -->` or `<!-- not run: needs root -->`.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type DocBlock, readBlocks, testOf } from '../../testing/doc-blocks.js'
import { importScript } from '../scripts/scripts.js'

const { guideFiles } = await importScript('guide/pages.mjs')
const blocks: DocBlock[] = guideFiles(process.cwd()).flatMap(readBlocks)

/** Others are data, or settings of other programs. */
const programs = /^(bash|sh|shell|console|python|py|ts|typescript|js|javascript)$/

test('each block of commands or code names the test that runs it, or why none does', () => {
  const unmarked = blocks
    .filter(({ language }) => programs.test(language))
    .filter(({ marker }) => !testOf(marker) && !/^not run: .{10,}/.test(marker ?? ''))
  const places = unmarked.map(({ page, line, marker }) => `${page}:${line} ${marker ?? ''}`)
  assert.deepEqual(places, [])
  assert.ok(blocks.length > 100, `only ${blocks.length} blocks`)
})

test('a test that a block names exists, and reads its page', () => {
  for (const { page, line, marker } of blocks) {
    const file = testOf(marker)
    if (file === undefined) continue
    assert.ok(existsSync(file), `${page}:${line}: there is no ${file}`)
    const source = readFileSync(file, 'utf8')
    assert.ok(source.includes(`'${page}'`), `${page}:${line}: ${file} does not read this page`)
  }
})

test('a block without a language is no command', () => {
  for (const { page, line, language, code } of blocks)
    if (language === '')
      assert.doesNotMatch(code, /^\s*(\$ |curl |npx? |trainyard )/m, `${page}:${line}`)
})
