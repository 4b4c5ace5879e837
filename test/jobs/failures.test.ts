import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { FailureCode } from '../../src/spec/job.js'

test('docs/jobs.md explains the codes that a failure has, and no others', () => {
  const [, section] = /^## Failures\n(.*?)^## /ms.exec(readFileSync('docs/jobs.md', 'utf8'))!
  const explained = [...section!.matchAll(/^\| `(\w+)` /gm)].map(([, code]) => code)
  assert.deepEqual(explained, FailureCode.enum)
})
