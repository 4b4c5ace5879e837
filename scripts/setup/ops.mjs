import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { bindingFolder, compile, copyAtOnce, runPath } from './binding.mjs'
import { root, setupCommand } from './places.mjs'
import { say, step } from './progress.mjs'
import { stage } from './staging.mjs'

const native = join(root, 'native')
const flags = [
  ...['-O3', '-fPIC', '-std=c++17', '-pthread'],
  // equal sums on every processor, and as TensorFlow's own kernels compute them
  '-ffp-contract=off',
  // else each square root, which could report an error, is computed by itself
  '-fno-math-errno',
  '-Wno-psabi',
]
const linkFlags = [
  '-shared',
  '-pthread',
  // TensorFlow keeps pointers to the functions of an op
  ...(process.platform === 'linux' ? ['-Wl,-z,nodelete'] : []),
]
const installedOps = join(bindingFolder, 'trainyard_ops.so')

/** Cache key of our own ops: hashes their sources, the flags and TensorFlow's libraries. */
export function opsKey({ id }) {
  const hash = createHash('sha256').update(
    JSON.stringify([flags, linkFlags, runPath, id, process.arch]),
  )
  for (const name of readdirSync(native).sort()) hash.update(readFileSync(join(native, name)))
  return hash.digest('hex').slice(0, 16)
}

const cachedOps = ({ cache, opsKey }) => join(cache, `ops-${opsKey}.so`)

export const opsCompiled = plan => existsSync(cachedOps(plan))

/** Compiles our own ops and copies them beside the binding. Null if that fails: stock ops take their place. */
export async function setUpOps(plan) {
  try {
    if (!opsCompiled(plan)) await step('compiling the ops of native/', () => compileOps(plan))
    await copyAtOnce(cachedOps(plan), installedOps)
    return installedOps
  } catch (error) {
    say(
      `without the ops of native/, images are converted and networks trained more slowly; \`${setupCommand}\` tries again`,
    )
    say(error.message)
    return null
  }
}

/** Compiles as many files at a time as there are processors, the largest first, and links them. */
async function compileOps(plan) {
  const folder = await stage(plan.cache)
  try {
    const sources = readdirSync(native)
      .filter(name => name.endsWith('.cc'))
      .map(name => ({ path: join(native, name), object: join(folder, `${name}.o`) }))
      .sort((a, b) => statSync(b.path).size - statSync(a.path).size)
    const waiting = sources.slice()
    const compileSome = async () => {
      for (let source = waiting.shift(); source; source = waiting.shift()) {
        const { path, object } = source
        await succeed(compile(plan, { flags, sources: [path], output: object, link: false }))
      }
    }
    await Promise.all(Array.from({ length: availableParallelism() }, compileSome))
    const output = join(folder, 'ops.so')
    const objects = sources.map(({ object }) => object)
    await succeed(compile(plan, { flags: linkFlags, sources: objects, output }))
    await rename(output, cachedOps(plan))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function succeed(compiling) {
  const { ok, signal, tail } = await compiling
  if (!ok) throw new Error(`the compiler failed: ${tail.slice(-400) || signal}`)
}
