import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { errorCodes } from '../../src/spec/error-codes.js'
import { errorsPage } from '../../src/spec/errors-page.js'
import { failureCodes } from '../../src/spec/failure-codes.js'
import { fieldErrorCodes } from '../../src/spec/field-error-codes.js'

const page = 'docs/errors.md'

// `npm run docs:errors` writes the page
if (process.argv.includes('--write')) writeFileSync(page, errorsPage())

test('docs/errors.md lists every code', () => {
  assert.equal(readFileSync(page, 'utf8'), errorsPage())
})

test('every code is used by the source, and none is used that is not listed', () => {
  const text = sources()
  const codes = [errorCodes, failureCodes, fieldErrorCodes].flatMap(table => Object.keys(table))
  for (const code of codes) {
    assert.ok(text.includes(`'${code}'`), `nothing answers ${code}`)
  }
  // the compiler checks the constructors; this checks casts, and objects that are sent as they are
  for (const [, code] of text.matchAll(/\bcode: '([A-Z][A-Z_]+)'/g)) {
    assert.ok(code! in errorCodes, `${code} is not in src/spec/error-codes.ts`)
  }
})

function sources(): string {
  const files = ['src', 'workers'].flatMap(folder =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.ts') && !/spec\/[a-z-]+-codes\.ts$/.test(join(folder, name)))
      .map(name => join(folder, name)),
  )
  return files.map(file => readFileSync(file, 'utf8')).join('\n')
}
