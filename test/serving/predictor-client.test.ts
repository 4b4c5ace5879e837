import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

/** Opens files until there are no more, asks for a prediction, then closes them and waits for the predictor. */
const program = `
import { closeSync, openSync } from 'node:fs'
const url = name => new URL(name, ${JSON.stringify(import.meta.url)})
const { openRowPredictor } = await import(url('../../src/serving/predictor-client.js').href)
const { eventually } = await import(url('../../testing/eventually.js').href)
const log = { debug() {}, info() {}, warn() {} }
const script = url('ready-predictor.js').pathname
const files = []
try { for (;;) files.push(openSync('/dev/null', 'r')) } catch {}
const predictor = openRowPredictor({ script, env: {}, log })
const input = { rows: new Float32Array(1), count: 1, explain: false }
await predictor.predict('folder', input).catch(error => console.log(error.code))
for (const file of files) closeSync(file)
await eventually('the predictor', () => predictor.ready())
console.log('ready after a restart:', predictor.restarts > 0)
await predictor.close()
`

test('a predictor that cannot be started for want of file descriptors is started later', async () => {
  const { stdout } = await promisify(execFile)('sh', [
    ...['-c', 'ulimit -n 64 && exec "$@"', 'sh'],
    ...[process.execPath, '--input-type=module', '-e', program],
  ])
  assert.deepEqual(stdout.trim().split('\n'), [
    'PREDICTOR_RESTARTED',
    'ready after a restart: true',
  ])
})
