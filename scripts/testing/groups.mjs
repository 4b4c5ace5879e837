// Test files that share a process. Loading what most of them load, such as the API, takes longer than many of them.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../setup/places.mjs'

const folder = join('dist', 'test-groups')
/** Folders of test/ whose files, and those in folders within, run together. Others measure or change their process. */
const shared = [
  'api/access',
  'api/http',
  'api/predict',
  'api/protocols',
  'api/routes',
  'cli',
  'formats',
  'graph',
  'jobs',
  'models',
  'planning',
  'predictions',
  'spec',
  'trees',
  'watching',
]
/** More would leave a core idle at the end, and take longer than the time that a file has. */
const largest = 8
/** A file says so in a comment if it must be alone. */
const alone = /^\/\/ Runs in a process of its own/m

/**
 * Returns paths of what to run: files that run alone, and new files that run several of `files`, each as a suite
 * with its name.
 */
export function groupFiles(files) {
  rmSync(join(root, folder), { recursive: true, force: true })
  mkdirSync(join(root, folder), { recursive: true })
  const groups = new Map()
  const single = []
  for (const file of files) {
    const place = shared.find(each => file.startsWith(join('dist', 'test', each, '/')))
    if (!place || alone.test(readFileSync(join(root, file), 'utf8'))) single.push(file)
    else groups.set(dirname(file), [...(groups.get(dirname(file)) ?? []), file])
  }
  for (const [place, members] of groups) {
    const name = place.replace(join('dist', 'test', '/'), '').replaceAll('/', '-')
    const count = Math.ceil(members.length / largest)
    const size = Math.ceil(members.length / count)
    for (let i = 0; i < count; i++) {
      single.push(writeGroup(`${name}-${i + 1}`, members.slice(i * size, (i + 1) * size)))
    }
  }
  return single
}

/**
 * In an asynchronous suite, hooks at the top of a file are hooks of the suite: each file has its own server. A file
 * that ends the process must not hide that the others have not run.
 */
function writeGroup(name, members) {
  const path = join(folder, `${name}.test.mjs`)
  const suites = members.map(
    file => `describe('${file}', async () => void (await import('../../${file}')))\n`,
  )
  const text = `import { after, describe } from 'node:test'

let finished = false
after(() => {
  finished = true
})
process.on('exit', () => {
  if (!finished) process.exitCode = 1
})
${suites.join('')}`
  writeFileSync(join(root, path), text)
  return path
}
