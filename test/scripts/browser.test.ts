import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spawnScript, waitForOutput } from './scripts.js'

const find = `const { findOrInstall } = await script('setup/browser.mjs')
const { main } = await script('setup/failure.mjs')
await main(async () => console.log(await findOrInstall(false)))`

test('without a browser, set-up says how to install one', {
  skip: process.platform === 'darwin',
}, async () => {
  const environment = { PATH: '/nonexistent', CHROME_PATH: '' }
  const { status, output } = await waitForOutput(spawnScript(find, environment))
  assert.equal(status, 0)
  assert.match(output, /missing: .*Chrome or Chromium is not installed; .*install.*CHROME_PATH/)
})

test('set-up takes the browser of CHROME_PATH, and says if it is none', async () => {
  const taken = await waitForOutput(spawnScript(find, { CHROME_PATH: process.execPath }))
  assert.match(taken.output, new RegExp(`path: '${process.execPath}'`))
  const missing = await waitForOutput(spawnScript(find, { CHROME_PATH: '/no/such/browser' }))
  assert.equal(missing.status, 1)
  assert.match(missing.output, /CHROME_PATH is \/no\/such\/browser, .*\n.*To fix it: /s)
})
