// Damages files of data sets, jobs and models, and checks that the server names the damage and goes on.
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Random } from '../random.js'
import { exchange } from './requests/exchange.js'
import { bytes, whole } from './requests/target.js'
import type { Tally } from './tally.js'

const damages = ['truncate', 'empty', 'flip', 'garbage', 'remove'] as const

/** A data set, job or model, by its route and its folder below the data folder. */
export interface Thing {
  route: '/datasets' | '/jobs' | '/models' | '/weights'
  id: string
}

export interface DamageTarget {
  port: number
  key: string
  /** The data folder. */
  folder: string
  tally: Tally
}

/**
 * Damages one file of `thing`. Every route of it must go on answering, with no 5xx; the list must be
 * answered, and hold all of `others`. Returns what was done.
 */
export async function damageOne(
  thing: Thing,
  others: readonly Thing[],
  random: Random,
  on: DamageTarget,
): Promise<string> {
  const folder = join(on.folder, thing.route.slice(1), thing.id)
  const files = await filesBelow(folder)
  // others may have been removed before
  if (files.length === 0) return `nothing is left of ${thing.route}/${thing.id}`
  const file = random.pick(files)
  const how = random.pick(damages)
  await apply(how, file, random)
  const what = `${how} ${relative(on.folder, file)}`
  for (const path of routesOf(thing)) await get(path, what, on)
  const list = await get(`${thing.route}?limit=100`, what, on)
  if (list.status !== 200) on.tally.addWrong(`${what}: ${thing.route} answers ${list.status}`)
  else
    for (const other of others) {
      if (other.route !== thing.route || list.body.includes(`"${other.id}"`)) continue
      on.tally.addWrong(`${what}: ${thing.route} does not list ${other.id}`)
    }
  const own = await get(`${thing.route}/${thing.id}`, what, on)
  const isNamed = own.body.includes('"DAMAGED"')
  if (own.status !== 200 && own.status !== 404 && !isNamed) {
    on.tally.addWrong(`${what}: ${own.status} ${own.body.slice(0, 200)}`)
  }
  if (isNamed && !list.body.includes('"damaged"')) {
    on.tally.addWrong(`${what}: ${thing.route} does not count it as damaged`)
  }
  return `${what}: ${own.status}`
}

/** Deletes a damaged thing; another one may still use it. */
export async function deleteDamaged(thing: Thing, on: DamageTarget): Promise<void> {
  if (thing.route === '/models') return
  const path = `${thing.route}/${thing.id}`
  const { status } = await get(path, 'damaged', on, 'DELETE')
  if (![204, 404, 409].includes(status)) on.tally.addWrong(`DELETE ${path} answers ${status}`)
}

function routesOf({ route, id }: Thing): readonly string[] {
  const below = {
    '/datasets': [],
    '/weights': [],
    '/models': ['archive', 'export', 'contract', 'watch', 'drift', 'samples'],
    '/jobs': [
      'metrics',
      'logs',
      'events',
      'checkpoints',
      'checkpoints/5',
      'checkpoints/5/archive',
      'tensorboard',
    ],
  }[route]
  return [`${route}/${id}`, ...below.map(each => `${route}/${id}/${each}`)]
}

async function get(path: string, what: string, { port, key, tally }: DamageTarget, method = 'GET') {
  const request = { ...whole({ method, path }, { key }), limitMs: 20_000 }
  const outcome = await exchange(port, request)
  // an archive that turns out to be damaged on the way is broken off, which says that it is not whole
  // and a job whose last entry is gone runs again, so that its events go on
  const goesOn = path.endsWith('/events') && /^remove .*\/journal\//.test(what)
  const due = goesOn ? 'nothing' : /archive|export|tensorboard/.test(path) ? 'end' : request.due
  tally.judge('damaged file', `${what}: ${method} ${path}`, { ...request, due }, outcome)
  return outcome.answers[0] ?? { status: 0, body: '', headers: new Map() }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath ?? entry.path, entry.name))
    .sort()
}

async function apply(how: (typeof damages)[number], file: string, random: Random): Promise<void> {
  const content = await readFile(file)
  if (how === 'remove') return rm(file)
  if (how === 'empty') return truncate(file, 0)
  if (how === 'truncate') return truncate(file, Math.floor(random.next() * content.length))
  if (how === 'garbage') return writeFile(file, bytes(random, content.length || 100))
  if (content.length > 0) content[random.integerBelow(content.length)]! ^= 0x40
  await writeFile(file, content)
}
