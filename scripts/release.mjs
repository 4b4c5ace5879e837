// npm run release: publishes the npm package and the Python wheel of this version. `-- --dry-run` does all but publish.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { onPath } from './setup/child.mjs'
import { main, SetupError } from './setup/failure.mjs'
import { root } from './setup/places.mjs'
import { say } from './setup/progress.mjs'
import { versionProblems, versions } from './setup/versions.mjs'
import { checkNode, setUpClient } from './setup.mjs'

const python = join(root, 'clients', 'python')
const tools = ['build==1.6.1', 'twine==7.0.0']

await main(async () => {
  const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean', default: false } } })
  const isTrial = values['dry-run']
  checkNode()
  const problems = [...versionProblems(), ...(isTrial ? [] : uncommitted())]
  if (problems.length > 0) {
    throw new SetupError(problems.join('\n'), 'correct this, commit it, and run the command again')
  }
  await setUpClient()
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-release-'))
  try {
    const tarball = pack(folder)
    const wheels = buildWheel(folder)
    publishNpm(folder, tarball, isTrial)
    publishPython(wheels, isTrial)
    say(`${versions().npm} is ${isTrial ? 'ready to be published' : 'published'}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

function uncommitted() {
  const { stdout } = spawnSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' })
  return stdout.trim() === '' ? [] : [`there are changes that are not committed:\n${stdout}`]
}

function pack(folder) {
  run('npm', ['pack', '--silent', '--pack-destination', folder])
  return join(
    folder,
    readdirSync(folder).find(name => name.endsWith('.tgz')),
  )
}

/** The wheel and the source package, by the build back-end that pyproject.toml names. */
function buildWheel(folder) {
  const out = join(folder, 'python')
  const python3 = onPath('python3')
  if (!python3) throw new SetupError('python3 is not installed', 'install Python 3 with pip')
  run(python3, ['-m', 'pip', 'install', '--quiet', '--target', join(folder, 'tools'), ...tools])
  const env = { ...process.env, PYTHONPATH: join(folder, 'tools') }
  run(python3, ['-m', 'build', '--outdir', out, python], { env })
  const files = readdirSync(out).map(name => join(out, name))
  run(python3, ['-m', 'twine', 'check', '--strict', ...files], { env })
  return { files, env, python3 }
}

/** The checkout is marked as private, so that `npm publish` in it does nothing: the package would not be built. */
function publishNpm(folder, tarball, isTrial) {
  run('tar', ['xzf', tarball, '-C', folder])
  const staged = join(folder, 'package')
  const file = join(staged, 'package.json')
  const {
    private: _,
    devDependencies: __,
    scripts: ___,
    ...manifest
  } = JSON.parse(readFileSync(file, 'utf8'))
  // npm can prove where a package was built only in a CI that it knows
  const isProvable = Boolean(process.env.GITHUB_ACTIONS || process.env.GITLAB_CI)
  const publishConfig = { ...manifest.publishConfig, provenance: isProvable }
  writeFileSync(file, `${JSON.stringify({ ...manifest, publishConfig }, null, 2)}\n`)
  if (!isProvable) say('published from here, the npm package has no provenance: use the CI')
  run('npm', ['publish', staged, ...(isTrial ? ['--dry-run'] : [])])
}

function publishPython({ files, env, python3 }, isTrial) {
  if (!isTrial) run(python3, ['-m', 'twine', 'upload', ...files], { env })
}

function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options })
  if (error) throw error
  if (status !== 0) throw new SetupError(`${command} ${args.join(' ')} failed`, 'see above')
}
