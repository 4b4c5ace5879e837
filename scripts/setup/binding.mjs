import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { bindingPatch } from '../binding-patch.mjs'
import { onPath, run } from './child.mjs'
import { SetupError } from './failure.mjs'
import { bindingPackage, modules, root, setupCommand } from './places.mjs'
import { stage } from './staging.mjs'

const darwin = process.platform === 'darwin'
const flags = [
  ...['-O2', '-shared', '-fPIC', '-std=c++17', '-DNAPI_VERSION=8'],
  // Node's symbols are resolved in the process that loads the binding
  ...(darwin ? ['-undefined', 'dynamic_lookup'] : []),
]
/** Where the binding, and our own ops beside it, find TensorFlow's libraries. */
export const runPath = `${darwin ? '@loader_path' : '$ORIGIN'}/../../deps/lib`
export const bindingFolder = join(bindingPackage, 'lib', 'napi-v8')
const binding = join(bindingFolder, 'tfjs_binding.node')

/** Cache key of the binding: hashes its sources (by the lock file), our patch, the flags and the libraries. */
export function bindingKey({ id }) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const source = name => packages[`node_modules/${name}`].integrity
  return createHash('sha256')
    .update(JSON.stringify([source('@tensorflow/tfjs-node-gpu'), source('node-api-headers')]))
    .update(JSON.stringify([bindingPatch, flags, runPath, id, process.arch]))
    .digest('hex')
    .slice(0, 16)
}

export const cachedBinding = ({ cache, key }) => join(cache, `binding-${key}.node`)

export const compiler = () => ['g++', 'c++', 'clang++'].map(onPath).find(Boolean)

export async function compileBinding(plan) {
  const folder = await stage(plan.cache)
  try {
    const source = join(bindingPackage, 'binding')
    for (const [file, edits] of Object.entries(bindingPatch)) {
      await writeFile(
        join(folder, file),
        patch(file, await readFile(join(source, file), 'utf8'), edits),
      )
    }
    const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map(file => {
      const patched = join(folder, file)
      return existsSync(patched) ? patched : join(source, file)
    })
    const output = join(folder, 'tfjs_binding.node')
    const includes = [join(modules, 'node-api-headers', 'include'), source]
    const { ok, signal, tail } = await compile(plan, { flags, sources, includes, output })
    if (!ok) throw compileFailed(signal, tail)
    await rename(output, cachedBinding(plan))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Runs the compiler with TensorFlow's headers and, unless it only makes an object file, its libraries. */
export const compile = ({ libraries }, { flags, sources, includes = [], output, link = true }) =>
  run(compiler() ?? 'g++', [
    ...flags,
    ...sources,
    ...[libraries.include, ...includes].flatMap(path => ['-I', path]),
    ...(link ? [...libraries.files, `-Wl,-rpath,${runPath}`] : ['-c']),
    ...['-o', output],
  ])

/** Copies the compiled binding into the npm package; returns its size in bytes. */
export async function installBinding(plan) {
  await mkdir(bindingFolder, { recursive: true })
  await copyAtOnce(cachedBinding(plan), binding)
  return (await stat(binding)).size
}

/** Copies a file in one step, so that no process loads a part of it. */
export async function copyAtOnce(from, to) {
  const aside = `${to}.${process.pid}`
  await copyFile(from, aside)
  await rename(aside, to)
}

/** Loads the binding in a child process, so that a broken one fails set-up and not a training job. */
export async function tryBinding() {
  const { ok, signal, tail } = await run(
    process.execPath,
    ['-e', `process.dlopen({ exports: {} }, ${JSON.stringify(binding)})`],
    { env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' } },
  )
  if (ok) return
  await rm(binding, { force: true })
  if (signal === 'SIGILL' || /AVX/.test(tail)) {
    throw new SetupError(
      "this processor lacks instructions (AVX) that TensorFlow's build needs",
      'use a newer machine, or build TensorFlow for this one and set TRAINYARD_LIBTENSORFLOW',
    )
  }
  const reason = tail.match(/Error: (.+)/)?.[1] ?? tail.slice(-400)
  throw new SetupError(
    `TensorFlow does not load: ${reason || signal}`,
    /GLIBC/.test(reason)
      ? 'the system is older than TensorFlow needs (glibc 2.27: Debian 10, Ubuntu 18.04); use a newer one, or Docker'
      : `delete the folder trainyard in ~/.cache (or $XDG_CACHE_HOME) and run \`${setupCommand}\``,
  )
}

/** Throws unless every edit applies exactly once; a new release of the package needs a new patch. */
export function patch(file, text, edits) {
  for (const { before, after } of edits) {
    if (text.split(before).length !== 2) {
      throw new Error(`scripts/binding-patch.mjs does not fit ${basename(file)}: ${before.trim()}`)
    }
    text = text.replace(before, () => after)
  }
  return text
}

function compileFailed(signal, tail) {
  const errors = tail.split('\n').filter(line => /error|killed|no space/i.test(line))
  return new SetupError(
    `the TensorFlow binding did not compile:\n  ${(errors.length ? errors : [tail]).slice(0, 5).join('\n  ')}`,
    signal === 'SIGKILL' || /killed/i.test(tail)
      ? 'the compiler was killed, most likely for memory: it needs about 500 MB'
      : 'g++ 8 or newer is needed; see the first error above',
  )
}
