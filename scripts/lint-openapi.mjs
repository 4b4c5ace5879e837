// npm run lint:openapi: checks the stored OpenAPI document with Redocly and Spectral. Not part of npm test,
// since they have hundreds of packages, which npx downloads.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './setup/places.mjs'

const document = join(root, 'test', 'api', 'openapi.json')
const work = mkdtempSync(join(tmpdir(), 'trainyard-lint-'))
try {
  const ruleset = join(work, 'spectral.json')
  writeFileSync(ruleset, JSON.stringify({ extends: ['spectral:oas'] }))
  const commands = [
    ['@redocly/cli@2.77.0', 'lint', document],
    ['@stoplight/spectral-cli@6.16.3', 'lint', document, '--ruleset', ruleset],
  ]
  for (const command of commands) {
    const { status } = spawnSync('npx', ['--yes', ...command], { cwd: work, stdio: 'inherit' })
    if (status !== 0) process.exitCode = 1
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}
