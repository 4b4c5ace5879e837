import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { openFolderStore } from '../src/store/folder-store.js'
import type { Verdict } from './checker.js'
import type { Site } from './deployment.js'

/** The server tidies up by itself, some of it every 15 s. */
const tidyWithinMs = 60_000
const endWithinMs = 15_000

/** While it runs: Redis holds nothing more of jobs that have ended than that there are such. */
export async function checkRedis(
  site: Site,
  ids: readonly string[],
  verdict: Verdict,
): Promise<void> {
  let left: string[] = []
  for (const since = Date.now(); Date.now() - since < tidyWithinMs; await sleep(1000)) {
    left = await site.withRedis(redis => mentions(redis, ids)).catch(error => [`${error}`])
    if (left.length === 0) return
  }
  for (const one of left) verdict.add('leftOver', `in Redis: ${one}`)
}

/** What lists of jobs are made from; that of a status where a job has ended is none of them. */
const isIndex = (key: string) =>
  /:(jobs|tagged:.*)$/.test(key) && !/:tagged:status:(queued|running|paused)$/.test(key)

/** Keys of jobs, and jobs in lists and sets, but for the index of all there are. */
async function mentions(redis: Redis, ids: readonly string[]): Promise<string[]> {
  const found: string[] = []
  const readers: Record<string, (key: string) => Promise<string[]>> = {
    list: key => redis.lrange(key, 0, -1),
    set: key => redis.smembers(key),
    zset: key => redis.zrange(key, '0', '-1'),
  }
  for (const key of await redis.keys('*')) {
    if (ids.some(id => key.includes(id))) found.push(key)
    if (isIndex(key)) continue
    const members = (await readers[await redis.type(key)]?.(key)) ?? []
    for (const id of ids) if (members.includes(id)) found.push(`${id} in ${key}`)
  }
  return found
}

/** After it has stopped: no process, and nothing in the staging area that the next start leaves there. */
export async function checkStopped(site: Site, verdict: Verdict): Promise<void> {
  let left = await site.processes()
  for (const since = Date.now(); left.length > 0 && Date.now() - since < endWithinMs; ) {
    await sleep(250)
    left = await site.processes()
  }
  for (const { pid, command } of left) verdict.add('leftOver', `process ${pid}: ${command}`)
  await openFolderStore(site.folder)
  for (const name of await readdir(join(site.folder, '.staging'))) {
    verdict.add('leftOver', `.staging/${name}`)
  }
}
