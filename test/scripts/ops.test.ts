import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { spawnScript, waitForOutput } from './scripts.js'

for (const missing of ['a compiler', 'the headers of TensorFlow']) {
  test(`set-up goes on without ${missing} for our own ops, and says so`, async () => {
    const cache = mkdtempSync(join(tmpdir(), 'trainyard-ops-'))
    const plan = { cache, opsKey: 'none', libraries: { include: cache, files: [] } }
    const environment = missing === 'a compiler' ? { PATH: cache } : {}
    const { status, output } = await waitForOutput(
      spawnScript(
        `const { opsCompiled, setUpOps } = await script('setup/ops.mjs')
         const plan = ${JSON.stringify(plan)}
         console.log(await setUpOps(plan), opsCompiled(plan))`,
        environment,
      ),
    )
    assert.equal(status, 0, output)
    assert.match(output, /^null false$/m)
    assert.match(
      output,
      /without the ops of native\/, images are converted and networks trained more slowly/,
    )
    assert.deepEqual(readdirSync(cache), [], 'nothing is left in the cache')
    rmSync(cache, { recursive: true })
  })
}

test('another TensorFlow makes another op', async () => {
  const { status, output } = await waitForOutput(
    spawnScript(
      `const { opsKey } = await script('setup/ops.mjs')
       console.log(opsKey({ id: 'a' }) === opsKey({ id: 'a' }), opsKey({ id: 'a' }) === opsKey({ id: 'b' }))`,
    ),
  )
  assert.equal(status, 0, output)
  assert.match(output, /^true false$/m)
})
