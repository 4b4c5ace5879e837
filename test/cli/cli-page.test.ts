import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { exitCodes } from '../../src/cli/exit-codes.js'
import { commandsPage } from './cli-page.js'

const page = 'docs/cli.md'
const [begin, end] = ['<!-- npm run docs:cli writes what follows -->\n', '\n<!-- to here -->']

function split(text: string): { before: string; commands: string; after: string } {
  const from = text.indexOf(begin) + begin.length
  const to = text.indexOf(end)
  assert.ok(from >= begin.length && to > from, `${page} has no place for the commands`)
  return { before: text.slice(0, from), commands: text.slice(from, to), after: text.slice(to) }
}

// `npm run docs:cli` passes --write
if (process.argv.includes('--write')) {
  const { before, after } = split(readFileSync(page, 'utf8'))
  writeFileSync(page, `${before}\n${commandsPage()}\n${after}`)
}

test('docs/cli.md has every command with its options', () => {
  const { commands } = split(readFileSync(page, 'utf8'))
  assert.equal(commands.trim(), commandsPage())
})

test('docs/cli.md lists every exit code', () => {
  const { before } = split(readFileSync(page, 'utf8'))
  const listed = [...before.matchAll(/^\| +(\d+) \|/gm)].map(([, code]) => Number(code))
  assert.deepEqual(
    listed.sort((a, b) => a - b),
    Object.values(exitCodes).sort((a, b) => a - b),
  )
})
