import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './places.mjs'

const read = name => readFileSync(join(root, name), 'utf8')
const pythonFile = join('clients', 'python', 'src', 'trainyard', '_version.py')

/** The versions of the two packages. */
export const versions = () => ({
  npm: JSON.parse(read('package.json')).version,
  python: /__version__ = "([^"]+)"/.exec(read(pythonFile))?.[1],
})

/** What keeps this version from being released. */
export function versionProblems() {
  const { npm, python } = versions()
  const problems = []
  if (python !== npm) problems.push(`package.json has the version ${npm}, ${pythonFile} ${python}`)
  for (const file of ['CHANGELOG.md', join('clients', 'python', 'CHANGELOG.md')]) {
    if (
      !read(file)
        .split('\n')
        .some(line => line.startsWith('## ') && line.includes(npm))
    ) {
      problems.push(`${file} has no heading for ${npm}`)
    }
  }
  return problems
}
