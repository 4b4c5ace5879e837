// Compiles kernels/ to WebAssembly, and writes it to where the server loads it from; with --check, fails if it is not
// there already. Servers do not need the compiler.
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { modules, root } from './setup/places.mjs'

/** The kernels use no memory but what they are given, and no objects. */
const options = [
  ...['-O3', '--runtime', 'stub', '--noAssert', '--enable', 'simd,threads'],
  ...['--importMemory', '--sharedMemory', '--maximumMemory', '65536'],
]

const target = join(root, 'src', 'datasets', 'tables', 'kernels', 'kernel-code.ts')

/** The source of the module that holds the compiled kernels. */
function compileKernels() {
  const output = join(tmpdir(), `kernels-${process.pid}.wasm`)
  const compiler = join(modules, 'assemblyscript', 'bin', 'asc.js')
  const source = join(root, 'kernels', 'kernels.ts')
  const { status, stderr } = spawnSync(
    process.execPath,
    [compiler, source, ...options, '--outFile', output],
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`the kernels do not compile:\n${stderr}`)
  const code = readFileSync(output).toString('base64')
  rmSync(output)
  return `// npm run build:kernels compiles it from kernels/.\nexport const kernelCode =\n  '${code}'\n`
}

const code = compileKernels()
if (!process.argv.includes('--check')) writeFileSync(target, code)
else if (readFileSync(target, 'utf8') !== code) {
  console.error(`${target} is not what kernels/ compiles to: npm run build:kernels`)
  process.exitCode = 1
}
