// Runs the commands of the guide as a reader does who pastes them one after another, page by page, in one folder.
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { packageFolder, scriptPath } from '../../src/places.js'
import { blocksRunBy } from '../../testing/doc-blocks.js'
import { freePort } from '../../testing/free-port.js'
import { pythonClientRuntime } from '../../testing/python-client.js'

/** `npx trainyard` finds the package of the folder; here, it is the script that has just been built. */
const prelude = `
shopt -s expand_aliases
npx() { shift; node "$CLI_SCRIPT" "$@"; }
trainyard() { npx trainyard "$@"; }
curl() {
  if [ -n "$EXPECTS_ERROR" ]; then command curl "$@"; else command curl --fail-with-body "$@"; fi
}
EXPECTS_ERROR=
`

const missing = ['curl', 'jq'].filter(tool => spawnSync(tool, ['--version']).error)
const skip = missing.length > 0 && `${missing.join(' and ')} are not installed here`

describe('the commands of the guide', { skip }, () => {
  let folder: string
  let environment: NodeJS.ProcessEnv
  let url: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'guide-'))
    for (const name of ['examples', 'node_modules'])
      await symlink(join(process.cwd(), name), join(folder, name))
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    environment = {
      ...process.env,
      CLI_SCRIPT: scriptPath('src/cli/main'),
      TRAINYARD_PORT: String(port),
      TRAINYARD_DATA: join(folder, 'data'),
      XDG_CONFIG_HOME: join(folder, 'config'),
      COLUMNS: '80',
    }
  })
  after(async () => {
    await run('trainyard down')
    await rm(folder, { recursive: true, force: true })
  })

  async function run(script: string): Promise<string> {
    const { stdout, stderr } = await promisify(execFile)(
      'bash',
      ['--norc', '-euo', 'pipefail', '-c', prelude + script],
      { cwd: folder, env: environment, maxBuffer: 64 << 20 },
    ).catch(error => {
      throw new Error(`${script}\n${error.stdout}\n${error.stderr}`)
    })
    return stdout + stderr
  }

  /** Runs all blocks of a page in one shell, and returns what they print. */
  const runPage = (page: string) =>
    run(
      blocksRunBy('test/e2e/guide.test.ts', page)
        .filter(({ language }) => language === 'bash')
        .map(({ code, marker }) =>
          /expects the error/.test(marker!) ? `EXPECTS_ERROR=1\n${code}EXPECTS_ERROR=\n` : code,
        )
        .join('\n')
        .replaceAll('http://127.0.0.1:8080', url),
    )

  test('first model', async () => {
    const output = await runPage('docs/guide/first-model.md')
    assert.match(output, /60,000 images of 28 x 28 pixels/)
    assert.match(output, /succeeded: model digits, version 1/)
    const [, accuracy] = /validationAccuracy +[\d.]+ +([\d.]+)/.exec(output)!
    assert.ok(Number(accuracy) > 0.95, `the model reaches ${accuracy}`)
    assert.match(output, /seven\.png +7 /)
    assert.match(output, /"label":"7"/)
  })

  /** The program of the first page in a language, as a file in the folder of the reader. */
  async function saveProgram(language: string, name: string): Promise<string> {
    const blocks = blocksRunBy('test/e2e/guide.test.ts', 'docs/guide/first-model.md')
    const { code } = blocks.find(block => block.language === language)!
    const client = pathToFileURL(join(packageFolder, 'dist', 'src', 'client')).href
    await writeFile(
      join(folder, name),
      code
        .replaceAll('http://127.0.0.1:8080', url)
        // the package as tsc has compiled it; the build bundles it
        .replaceAll(`'trainyard/client'`, `'${client}/client.js'`)
        .replaceAll(`'trainyard/client/node'`, `'${client}/node.js'`),
    )
    return name
  }

  test('first model, in TypeScript', async () => {
    // it has no types to strip: all are inferred
    const output = await run(`node ${await saveProgram('ts', 'first-model.mjs')}`)
    assert.match(output, /^60000 images$/m)
    assert.match(output, /^it is a /m)
  })

  test('first model, in Python', pythonClientRuntime.needed, async () => {
    const name = await saveProgram('python', 'first_model.py')
    const { PATH, PYTHONPATH } = pythonClientRuntime.environment()
    Object.assign(environment, {
      PATH,
      PYTHONPATH: [join(packageFolder, 'clients', 'python', 'src'), PYTHONPATH].join(delimiter),
    })
    const output = await run(`TRAINYARD_URL=${url} python3 ${name}`)
    assert.match(output, /^60000 images$/m)
    assert.match(output, /^it is a \d$/m)
  })

  test('fine-tune', async () => {
    const output = await runPage('docs/guide/fine-tune.md')
    assert.match(output, /succeeded: model digits, version 2/)
    assert.match(output, /succeeded: model digits-head, version 1/)
    assert.match(output, /"matched": \[/)
  })

  test('follow and compare', async () => {
    const output = await runPage('docs/guide/follow.md')
    assert.match(output, /succeeded: model rate-0\.003, version 1/)
    assert.match(await readFile(join(folder, 'metrics.csv'), 'utf8'), /^step,.*loss/)
  })

  test('serve', async () => {
    const output = await runPage('docs/guide/serve.md')
    assert.match(output, /not promoted: exit 6/)
    assert.match(output, /"platform"/)
    const picture = await readFile(join(folder, 'why.png'))
    assert.equal(picture.subarray(1, 4).toString(), 'PNG')
  })

  test('the API by examples', async () => {
    const output = await runPage('docs/guide/api.md')
    assert.match(output, /"status": "(succeeded|running)"/)
    assert.match(output, /there is no ResNet of depth 51/)
    assert.match(output, /"path": "\/training\/validation\/split"/)
    const [, once, again] = /^(job-\w+)\n(job-\w+)$/m.exec(output)!
    assert.equal(once, again)
  })

  test('several users', async () => {
    const output = await runPage('docs/guide/several-users.md')
    assert.match(output, /^ty_[\w-]{43}$/m)
    assert.match(output, /nightly-job +key-\w{8}/)
    assert.match(output, /succeeded: model try/)
  })

  test('when something goes wrong', async () => {
    const output = await runPage('docs/guide/help.md')
    assert.match(output, /did you mean 'steps'\? \(INVALID_REQUEST\)/)
    assert.match(output, /^exit 6$/m)
    assert.match(output, /exit 5/)
    assert.match(output, /exit 7/)
    assert.match(output, /nan_loss/)
  })
})
