import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { spawnScript, waitForOutput } from './scripts.js'

test('all missing tools are reported at once if they cannot be installed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-tools-'))
  const { status, output } = await waitForOutput(
    spawnScript(
      `const { planEngine } = await script('setup/engine.mjs')
       const { ensureTools } = await script('setup/tools.mjs')
       const { main } = await script('setup/failure.mjs')
       await main(() => ensureTools(planEngine(), false))`,
      // An empty cache and an empty PATH, as on a bare machine.
      { XDG_CACHE_HOME: folder, PATH: folder, REDIS_URL: '', TRAINYARD_LIBTENSORFLOW: '' },
    ),
  )
  rmSync(folder, { recursive: true })
  assert.equal(status, 1)
  assert.match(
    output,
    /missing on this machine: Python 3 with pip, a C\+\+ compiler.*, redis-server/,
  )
  assert.match(output, /To fix it: /)
  assert.doesNotMatch(output, /\n\s+at /)
})
