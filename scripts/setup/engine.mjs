import { createHash } from 'node:crypto'
import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
} from 'node:fs'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { engines } from '../engine-versions.mjs'
import {
  bindingKey,
  cachedBinding,
  compileBinding,
  installBinding,
  tryBinding,
} from './binding.mjs'
import { SetupError } from './failure.mjs'
import { hasNvidiaGpu } from './gpu.mjs'
import { opsCompiled, opsKey, setUpOps } from './ops.mjs'
import { bindingPackage, installed, setupCommand } from './places.mjs'
import { say, step } from './progress.mjs'
import { clearStages } from './staging.mjs'
import { installWheels } from './wheel.mjs'

export const cacheFolder = () =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'trainyard')

/** Which engine this machine needs, and where it belongs. Only reads the environment. */
export function planEngine() {
  const { TRAINYARD_LIBTENSORFLOW: own, TRAINYARD_ENGINE: forced } = process.env
  const cache = cacheFolder()
  const platform = `${process.platform}-${process.arch}`
  const kinds = engines[platform]
  if (!kinds) throw unsupported(platform)
  if (forced && !kinds[forced]) {
    throw new SetupError(
      `TRAINYARD_ENGINE is ${forced}, which ${platform} does not have`,
      `set it to one of: ${Object.keys(kinds).join(', ')}, or unset it`,
    )
  }
  const kind = forced || (kinds.cuda && hasNvidiaGpu() ? 'cuda' : 'cpu')
  const groups = kinds[kind]
  const folder = ({ wheels }) =>
    join(cache, `${wheels[0].project}-${wheels[0].version}-${platform}-${digest(wheels)}`)
  const plan = {
    cache,
    kind,
    groups,
    folders: {
      tensorflow: own ? undefined : folder(groups.tensorflow),
      xgboost: folder(groups.xgboost),
      openvino: groups.openvino && folder(groups.openvino),
    },
  }
  plan.libraries = own ? ownLibraries(own) : wheelLibraries(plan.folders.tensorflow)
  plan.key = bindingKey(plan.libraries)
  plan.opsKey = opsKey(plan.libraries)
  return plan
}

/** The groups of wheels that are missing in the cache. */
export const missingWheels = ({ folders, groups }) =>
  Object.keys(groups).filter(group => folders[group] && !existsSync(folders[group]))

export const needsCompiler = plan => !existsSync(cachedBinding(plan))

/** True if this checkout has the engine of `plan`; a part that it could do without may have failed to install. */
export function engineReady(plan) {
  try {
    const record = JSON.parse(readFileSync(installed('engine.json'), 'utf8'))
    return (
      record.binding === plan.key &&
      record.opsKey === plan.opsKey &&
      (record.ops === null || existsSync(record.ops)) &&
      record.xgboost === xgboostLibrary(plan) &&
      existsSync(record.xgboost) &&
      (record.openvino === null || record.openvino === openvinoLibrary(plan)) &&
      (record.openvino === null || existsSync(record.openvino)) &&
      readlinkSync(join(bindingPackage, 'deps', 'lib')) === plan.libraries.lib &&
      plan.libraries.files.every(path => existsSync(path)) &&
      statSync(join(bindingPackage, 'lib', 'napi-v8', 'tfjs_binding.node')).size === record.size
    )
  } catch {
    return false // never set up, or node_modules is new
  }
}

export async function setUpEngine(plan) {
  await mkdir(plan.cache, { recursive: true })
  await clearStages(plan.cache)
  for (const group of missingWheels(plan)) {
    const { [group]: wheels } = plan.groups
    try {
      await installWheels(wheels, plan.folders[group], plan.cache)
    } catch (error) {
      if (!wheels.optional) throw error
      say(`without ${group}, networks are served more slowly; \`${setupCommand}\` tries again`)
      say(error.message)
    }
  }
  await link(plan.libraries.lib, join(bindingPackage, 'deps', 'lib'))
  await link(plan.libraries.include, join(bindingPackage, 'deps', 'include'))
  if (needsCompiler(plan)) {
    await step('compiling the TensorFlow binding', () => compileBinding(plan))
  }
  const size = await installBinding(plan)
  await step('loading TensorFlow', () => tryBinding())
  const ops = await setUpOps(plan)
  const openvino = openvinoLibrary(plan)
  const record = {
    kind: plan.kind,
    binding: plan.key,
    size,
    ops,
    opsKey: plan.opsKey,
    xgboost: xgboostLibrary(plan),
    openvino: openvino !== null && existsSync(openvino) ? openvino : null,
  }
  await mkdir(installed(), { recursive: true })
  await writeFile(installed('engine.json'), `${JSON.stringify(record, null, 2)}\n`)
}

const extension = process.platform === 'darwin' ? 'dylib' : 'so'

export const xgboostLibrary = ({ folders }) =>
  join(folders.xgboost, 'xgboost', 'lib', `libxgboost.${extension}`)

/** Null on platforms without it. The name of its file has the version: 2026.4.1 is 2641. */
export function openvinoLibrary({ folders, groups }) {
  if (!folders.openvino) return null
  const version = groups.openvino.wheels[0].version.replace(/^\d\d(\d\d)\.(\d+)\.(\d+)$/, '$1$2$3')
  const name = extension === 'so' ? `libopenvino_c.so.${version}` : `libopenvino_c.${version}.dylib`
  return join(folders.openvino, 'openvino', 'libs', name)
}

/** True if set-up has not installed a part that it could do without. */
export function lacksOptional(plan) {
  const library = openvinoLibrary(plan)
  return (library !== null && !existsSync(library)) || !opsCompiled(plan)
}

function wheelLibraries(folder) {
  const lib = join(folder, 'tensorflow')
  const name = part => (extension === 'so' ? `lib${part}.so.2` : `lib${part}.2.dylib`)
  return {
    id: folder,
    lib,
    include: join(lib, 'include'),
    files: ['tensorflow_cc', 'tensorflow_framework'].map(part => join(lib, name(part))),
  }
}

/** A folder with lib/ and include/ (TensorFlow's C archive), or the `tensorflow` folder of a wheel. */
function ownLibraries(folder) {
  const lib = [join(folder, 'lib'), folder].find(
    place => existsSync(place) && readdirSync(place).some(name => main.test(name)),
  )
  const include = join(folder, 'include')
  if (!lib || !existsSync(join(include, 'tensorflow', 'c', 'c_api.h'))) {
    throw new SetupError(
      `TRAINYARD_LIBTENSORFLOW is ${folder}, where ${lib ? 'include/tensorflow/c/c_api.h' : 'lib/libtensorflow'} is missing`,
      'set it to a folder with lib/ and include/, or to the tensorflow folder of an unpacked wheel; if it is unset, set-up downloads the library',
    )
  }
  const names = readdirSync(lib)
  // the full file name: wheels lack the unversioned link that compilers use
  const files = [main, framework].flatMap(pattern =>
    names.filter(name => pattern.test(name)).slice(0, 1),
  )
  const paths = files.map(name => join(realpathSync(lib), name))
  const { size, mtimeMs } = statSync(paths[0])
  return {
    id: `${paths[0]} ${size} ${mtimeMs}`,
    lib: realpathSync(lib),
    include: realpathSync(include),
    files: paths,
  }
}

const main = /^libtensorflow(_cc)?\.(so(\.2)?|(2\.)?dylib)$/
const framework = /^libtensorflow_framework\.(so(\.2)?|(2\.)?dylib)$/

/** Points the link `path` to `target` atomically, by a rename. */
async function link(target, path) {
  await mkdir(dirname(path), { recursive: true })
  const aside = await mkdtemp(`${path}-`)
  try {
    await symlink(target, join(aside, 'new'))
    // an older set-up made a folder of links, which a rename cannot replace
    if (existsSync(path) && !isLink(path)) await rename(path, join(aside, 'old'))
    await rename(join(aside, 'new'), path)
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

function isLink(path) {
  try {
    readlinkSync(path)
    return true
  } catch {
    return false
  }
}

const digest = wheels =>
  createHash('sha256')
    .update(wheels.map(({ sha256, wanted }) => sha256 + wanted).join())
    .digest('hex')
    .slice(0, 8)

const unsupported = platform =>
  new SetupError(
    `there is no TensorFlow for ${platform}`,
    `use one of: ${Object.keys(engines).join(', ')}; on Windows, WSL2 or Docker`,
  )
