import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { packageFolder } from '../../src/places.js'

const folder = join(packageFolder, 'src', 'dashboard', 'styles')
/** Those that all views use, and the list of all. */
const shared = ['base.css', 'charts.css', 'content.css', 'controls.css', 'shell.css', 'tokens.css']
const views = readdirSync(folder).filter(name => !shared.includes(name) && name !== 'index.css')

/** The classes that are styled by themselves: those with which a selector begins and ends. */
function classesOf(file: string): Set<string> {
  const text = readFileSync(join(folder, file), 'utf8')
  const selectors = [...text.matchAll(/^\s*([^@{}/]+)\{/gm)].flatMap(([, each]) => each!.split(','))
  const alone = selectors.map(each => /^\.([\w-]+)$/.exec(each.trim())?.[1])
  return new Set(alone.filter(each => each !== undefined))
}

test('a class of one view is not styled by another view, whose rules would hold there too', () => {
  const owners = new Map<string, string>()
  for (const file of [...shared.filter(each => each !== 'shell.css'), ...views]) {
    for (const name of classesOf(file)) {
      const owner = owners.get(name)
      assert.ok(owner === undefined, `.${name} is styled in ${owner} and in ${file}`)
      owners.set(name, file)
    }
  }
  assert.ok(owners.size > 50)
})

test('the list of style sheets names all of them', () => {
  const list = readFileSync(join(folder, 'index.css'), 'utf8')
  for (const file of [...shared, ...views]) assert.ok(list.includes(`"./${file}"`), file)
})
