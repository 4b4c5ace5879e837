import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { errorCodes } from '../../src/spec/error-codes.js'
import { errorsPage } from '../../src/spec/errors-page.js'
import { failureCodes } from '../../src/spec/failure-codes.js'
import { fieldErrorCodes } from '../../src/spec/field-error-codes.js'

const page = 'docs/errors.md'

// `npm run docs:errors` passes --write
if (process.argv.includes('--write')) writeFileSync(page, errorsPage())

test('docs/errors.md lists every code', () => {
  assert.equal(readFileSync(page, 'utf8'), errorsPage())
})

test('every listed code is used in the source, and every used code is listed', () => {
  const text = sources()
  const codes = [errorCodes, failureCodes, fieldErrorCodes].flatMap(table => Object.keys(table))
  for (const code of codes) {
    assert.ok(text.includes(`'${code}'`), `the source does not use ${code}`)
  }
  // The compiler checks constructor calls; this also finds casts and plain objects.
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
