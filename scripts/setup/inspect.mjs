// What `trainyard doctor` finds out about the set-up of this machine. Changes nothing.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { checkNode } from '../setup.mjs'
import { compiler } from './binding.mjs'
import { buildReady } from './build.mjs'
import { onPath, run } from './child.mjs'
import {
  engineReady,
  lacksOptional,
  missingWheels,
  needsCompiler,
  openvinoLibrary,
  planEngine,
  xgboostLibrary,
} from './engine.mjs'
import { SetupError } from './failure.mjs'
import { hasNvidiaGpu } from './gpu.mjs'
import { packagesReady } from './packages.mjs'
import { bindingPackage, isCheckout, modules, setupCommand } from './places.mjs'
import { isPackage, serverHome } from './server-home.mjs'
import { cureOf } from './tools.mjs'

const again = `run \`${setupCommand}\``

/**
 * Findings, each `{ name, status, detail, cure }`; the status is ok, warning or failed. What cannot be checked because
 * of another finding is left out.
 */
export async function inspect() {
  const findings = [node()]
  if (isPackage) return [...findings, ...(await inspectHome())]
  const hasPackages = packagesReady()
  findings.push(
    hasPackages
      ? ok('packages', 'as package-lock.json lists them')
      : failed('packages', 'node_modules does not match package-lock.json', again),
  )
  if (isCheckout) findings.push(build())
  return [...findings, ...(await engine(hasPackages)), await redis()]
}

function node() {
  try {
    checkNode()
    return ok('node', process.versions.node)
  } catch (error) {
    return failed('node', error.message, error.cure)
  }
}

const build = () =>
  buildReady()
    ? ok('build', 'of the current sources')
    : {
        name: 'build',
        status: 'warning',
        detail: 'not of the current sources',
        cure: '`npm run build`; `trainyard start` builds, too',
      }

/** The server's packages lie in its home, whose own file looks at them. */
async function inspectHome() {
  const home = serverHome()
  if (!existsSync(home)) {
    return [failed('packages', 'the server is not set up for this user', again)]
  }
  const { inspect: inspectThere } = await import(join(home, 'scripts', 'setup', 'inspect.mjs'))
  return (await inspectThere()).filter(({ name }) => name !== 'node')
}

async function engine(hasPackages) {
  let plan
  try {
    plan = planEngine()
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    return [failed('engine', error.message, error.cure)]
  }
  const findings = [await gpu(plan)]
  if (!engineReady(plan)) {
    findings.push(failed('engine', `the engine (${plan.kind}) is not set up`, again))
  } else if (hasPackages) {
    findings.push(...(await libraries(plan)))
    if (lacksOptional(plan)) {
      const detail = 'OpenVINO or our own ops are missing: predictions and images are slower'
      findings.push({ name: 'engine', status: 'warning', detail, cure: again })
    }
  }
  return [...findings, ...(await tools(plan))]
}

async function gpu({ kind }) {
  if (!hasNvidiaGpu()) return ok('gpu', 'no NVIDIA GPU; jobs train on the processor')
  const query = ['--query-gpu=name,driver_version', '--format=csv,noheader']
  const { ok: answers, tail } = await run('nvidia-smi', query)
  if (!answers) {
    const cure = 'reinstall the NVIDIA driver until `nvidia-smi` lists the cards'
    return failed('gpu', `there is an NVIDIA GPU, but its driver does not answer: ${tail}`, cure)
  }
  const cards = tail.split('\n').join('; ')
  if (kind === 'cuda') return ok('gpu', `${cards} (card, driver); the engine is the CUDA build`)
  const detail = `${cards}, but TRAINYARD_ENGINE chooses the build for processors`
  return { name: 'gpu', status: 'warning', detail, cure: `unset TRAINYARD_ENGINE, and ${again}` }
}

/** Loads each library in a process of its own: a broken one may end it. */
async function libraries(plan) {
  const binding = join(bindingPackage, 'lib', 'napi-v8', 'tfjs_binding.node')
  const koffi = `require(${JSON.stringify(join(modules, 'koffi'))}).load`
  const openvino = openvinoLibrary(plan)
  const loads = [
    ['tensorflow', binding, `process.dlopen({ exports: {} }, ${JSON.stringify(binding)})`],
    ['xgboost', xgboostLibrary(plan)],
    ...(openvino !== null && existsSync(openvino) ? [['openvino', openvino]] : []),
  ]
  return Promise.all(
    loads.map(async ([name, path, code = `${koffi}(${JSON.stringify(path)})`]) => {
      const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' }
      const result = await run(process.execPath, ['-e', code], { env })
      if (result.ok) return ok(name, `loads from ${path}`)
      const reason = /Error: (.+)/.exec(result.tail)?.[1] ?? result.signal ?? 'for no known reason'
      const cure = `remove the folder trainyard in ~/.cache (or $XDG_CACHE_HOME), and ${again}`
      return failed(name, `does not load: ${reason}`, cure)
    }),
  )
}

/** Set-up needs them once: what it has made stays. */
async function tools(plan) {
  const needsWheels = missingWheels(plan).length > 0
  const pip = await run('python3', ['-m', 'pip', '--version'])
  const cxx = compiler()
  return [
    pip.ok
      ? ok('python', pip.tail.split(' from ')[0] + (/\(python [\d.]+\)/.exec(pip.tail)?.[0] ?? ''))
      : unneeded('python', 'no Python with pip', needsWheels, 'pip'),
    cxx
      ? ok('compiler', cxx)
      : unneeded('compiler', 'no C++ compiler', needsCompiler(plan), 'compiler'),
  ]
}

const unneeded = (name, detail, isNeeded, tool) =>
  isNeeded
    ? failed(name, `${detail}, which set-up needs`, cureOf(tool))
    : ok(name, `${detail}; the engine is downloaded and compiled, so none is needed`)

async function redis() {
  const path = onPath('redis-server')
  if (process.env.REDIS_URL) return ok('redis-server', 'not needed: REDIS_URL names a Redis')
  if (!path) return failed('redis-server', 'redis-server is not installed', cureOf('redis'))
  const { tail } = await run(path, ['--version'])
  const [, version, major, minor] = /v=((\d+)\.(\d+)\S*)/.exec(tail) ?? []
  if (!version) return failed('redis-server', `${path} does not run: ${tail}`, cureOf('redis'))
  return Number(major) > 6 || (Number(major) === 6 && Number(minor) >= 2)
    ? ok('redis-server', `${version}, ${path}`)
    : failed('redis-server', `${path} is ${version}, older than 6.2`, 'install a newer Redis')
}

const ok = (name, detail) => ({ name, status: 'ok', detail, cure: null })
const failed = (name, detail, cure) => ({ name, status: 'failed', detail, cure: cure ?? null })
