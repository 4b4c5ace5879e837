// The package as strangers use it: examples/client.ts as it is printed, strict types, and a page of another origin.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { PNG } from 'pngjs'
import { readBlocks, testOf } from '../../testing/doc-blocks.js'
import { TestDeployment } from '../../testing/test-deployment.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../..', import.meta.url))
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')

let folder: string
before(async () => {
  const { buildClientPackage } = await import(join(root, 'scripts', 'setup', 'client-package.mjs'))
  await buildClientPackage()
  folder = await mkdtemp(join(tmpdir(), 'trainyard-stranger-'))
  await mkdir(join(folder, 'node_modules'))
  await symlink(root, join(folder, 'node_modules', 'trainyard'), 'dir')
  await mkdir(join(folder, 'node_modules', '@types'))
  const nodeTypes = join('node_modules', '@types', 'node')
  await symlink(join(root, nodeTypes), join(folder, nodeTypes), 'dir')
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
})
after(() => rm(folder, { recursive: true, force: true }))

/** Compiles with all checks; the declarations of the package are checked too. */
async function compile(file: string, libraries: string, ...options: string[]) {
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess']
  const checks = [...strict, '--skipLibCheck', 'false', '--lib', libraries]
  const form = ['--target', 'es2022', '--module', 'nodenext', '--outDir', 'out']
  const args = [tsc, file, ...checks, ...form, ...options]
  await run(process.execPath, args, { cwd: folder }).catch(error => assert.fail(error.stdout))
}

/** The blocks of docs/clients.md that this test runs. */
const documented = (language: string) =>
  readBlocks('docs/clients.md')
    .filter(({ marker }) => testOf(marker) === 'test/e2e/client-package.test.ts')
    .filter(block => block.language === language)

test('docs/clients.md has both examples whole, step by step', async () => {
  const programs = {
    ts: ['examples', 'client.ts'],
    python: ['clients', 'python', 'examples', 'first_model.py'],
  }
  for (const [language, path] of Object.entries(programs)) {
    const text = documented(language)
      .map(({ code }) => code.trimEnd())
      .join('\n')
    const program = await readFile(join(root, ...path), 'utf8')
    const lines = (all: string) => all.split('\n').filter(line => line.trim() !== '')
    // without the comment at its top
    assert.deepEqual(lines(text), lines(program).slice(1))
  }
})

/** A disc or a square of any colour, somewhere in the picture. */
function picture(kind: string, seed: number): Buffer {
  const size = 40
  const png = new PNG({ width: size, height: size })
  const [x0, y0, radius] = [12 + (seed % 16), 12 + ((seed * 7) % 16), 6 + (seed % 5)]
  for (let i = 0; i < size * size; i++) {
    const [dx, dy] = [Math.abs((i % size) - x0), Math.abs(Math.floor(i / size) - y0)]
    const isInside = kind === 'disc' ? Math.hypot(dx, dy) < radius : Math.max(dx, dy) < radius
    const colour = isInside ? [200, (seed * 50) % 200, 60] : [20, 30, (seed * 13) % 90]
    png.data.set([...colour, 255], 4 * i)
  }
  return PNG.sync.write(png)
}

test('examples/client.ts compiles strictly, and trains and serves a folder of images', async t => {
  for (const kind of ['disc', 'square']) {
    await mkdir(join(folder, 'shapes', kind), { recursive: true })
    for (let i = 0; i < 30; i++)
      await writeFile(join(folder, 'shapes', kind, `${i}.png`), picture(kind, i))
  }
  await writeFile(join(folder, 'new.jpg'), picture('disc', 7))
  await cp(join(root, 'examples', 'client.ts'), join(folder, 'client.ts'))
  await compile('client.ts', 'es2022', '--types', 'node')

  const deployment = await TestDeployment.open({ TRAINYARD_SPARE_TRAINERS: 'off' })
  t.after(() => deployment.close())
  const environment = {
    ...process.env,
    TRAINYARD_URL: deployment.url,
    TRAINYARD_KEY: deployment.key,
  }
  const { stdout, stderr } = await run(process.execPath, [join('out', 'client.js')], {
    cwd: folder,
    env: environment,
  })
  assert.equal(stderr, '')
  assert.match(stdout, /^60 images\n/)
  assert.match(stdout, /\n60 \{/)
  assert.match(stdout, /\n(disc|square) 0\.\d+\n$/)
  const alias = await deployment.client.aliases.get('shapes-model', 'production')
  assert.equal(alias.version, 1)
})

test('pages compile it with the types of a browser alone', async () => {
  await writeFile(
    join(folder, 'page.ts'),
    `import { Client, type Job, JobFailedError, ProblemError } from 'trainyard/client'

const client = new Client({ url: '/trainyard', session: true })
export async function trainOn(files: FileList): Promise<Job | string[]> {
  const { name } = await client.datasets.push('photos', [...files], {
    onSent: ({ bytes, total }) => console.log(bytes / total),
  })
  const job = await client.submit({ dataset: name, model: { kind: 'resnet', depth: 18 } })
  for await (const { type, data } of client.events({ types: ['job.failed'] }))
    if (type === 'job.failed') console.log(data.failure?.message)
  for await (const each of client.jobs.all({ status: ['queued'], limit: 10 })) console.log(each.name)
  try {
    return await job.wait({ onLost: reason => console.log(reason?.message) })
  } catch (error) {
    if (error instanceof JobFailedError) return [error.job.status]
    if (error instanceof ProblemError) return error.errors.map(({ path }) => path)
    throw error
  }
}
`,
  )
  await compile('page.ts', 'es2022,dom,dom.iterable,dom.asynciterable', '--types', '')
})

test('what is wrong does not compile', async () => {
  await writeFile(
    join(folder, 'wrong.ts'),
    `import { Client } from 'trainyard/client'
const client = new Client()
await client.jobs.list({ stauts: 'running' })
await client.submit({ dataset: 'd', model: { kind: 'resnt', depth: 18 } })
`,
  )
  const failed = await run(
    process.execPath,
    [tsc, 'wrong.ts', '--noEmit', '--target', 'es2022', '--module', 'nodenext', '--types', 'node'],
    { cwd: folder },
  ).then(
    () => assert.fail('it compiled'),
    (error: { stdout: string }) => error.stdout,
  )
  assert.match(failed, /wrong\.ts\(3,.*'stauts'/)
  assert.match(failed, /wrong\.ts\(4,.*"resnt"/)
})
