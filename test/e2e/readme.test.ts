import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { nextSteps } from '../../demo/next-steps.js'
import { blocksRunBy } from '../../testing/doc-blocks.js'
import { TestDeployment } from '../../testing/test-deployment.js'

let deployment: TestDeployment
before(async () => {
  deployment = await TestDeployment.open()
})
after(() => deployment.close())

const noCurl = spawnSync('curl', ['--version']).error && 'curl is not installed here'

test("the README's curl session works when pasted", { skip: noCurl }, async () => {
  const [block] = blocksRunBy('test/e2e/readme.test.ts', 'README.md')
  const script = block!.code
    .replace('URL=http://127.0.0.1:8080', `URL=${deployment.url}`)
    .replace('$(cat data/key)', deployment.key)
    .replaceAll('job.json', `${deployment.folder}/job.json`)
    .replaceAll('checkpoint.tar', `${deployment.folder}/checkpoint.tar`)
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
    maxBuffer: 64 << 20,
  })
  assert.match(stdout, /"records":60000/)
  assert.match(stdout, /event: metrics\n/)
  assert.match(stdout, /"status":"succeeded"/)
  const [, accuracy] = /"status":"succeeded".*?"validationAccuracy":([\d.]+)/.exec(stdout)!
  assert.ok(Number(accuracy) > 0.96, `the job of the README reaches ${accuracy}`)
  const answer = JSON.parse(stdout.slice(stdout.lastIndexOf('{"model"')))
  assert.equal(answer.predictions[0].label, '7')
  const archive = await readFile(`${deployment.folder}/checkpoint.tar`)
  assert.ok(archive.includes('model.ckpt-300.index'))
})

test('so does what the demo prints at its end', { skip: noCurl }, async () => {
  const { folder, url } = deployment
  const lines = nextSteps({ keptIn: folder, defaultFolder: 'data', url, modelId: 'digits' })
  const [command] = /^ {4}curl (.*\\\n)*.*$/m.exec(lines)!
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', command!])
  assert.equal(JSON.parse(stdout).predictions[0].label, '7')
  assert.ok(lines.includes(`    TRAINYARD_DATA=${folder} npm start\n`))
})
