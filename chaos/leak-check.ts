import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { openFolderStore } from '../src/store/folder-store.js'
import type { Verdict } from './checker.js'
import type { TestDeployment } from './deployment.js'

/** The server tidies up by itself, some of it every 15 s. */
const cleanupTimeoutMs = 60_000
const exitTimeoutMs = 15_000

/** While it runs: Redis holds nothing more of jobs that have ended than that there are such. */
export async function checkRedis(
  deployment: TestDeployment,
  ids: readonly string[],
  verdict: Verdict,
): Promise<void> {
  let leaks: string[] = []
  for (const since = Date.now(); Date.now() - since < cleanupTimeoutMs; await sleep(1000)) {
    leaks = await deployment
      .withRedis(redis => findMentions(redis, ids))
      .catch(error => [`${error}`])
    if (leaks.length === 0) return
  }
  for (const leak of leaks) verdict.add('leaked', `in Redis: ${leak}`)
}

/** What lists of jobs are made from; that of a status where a job has ended is none of them. */
const isIndex = (key: string) =>
  /:(jobs|tagged:.*)$/.test(key) && !/:tagged:status:(queued|running|paused)$/.test(key)

/** Keys of jobs, and jobs in lists and sets, but for the index of all there are. */
async function findMentions(redis: Redis, ids: readonly string[]): Promise<string[]> {
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
export async function checkStopped(deployment: TestDeployment, verdict: Verdict): Promise<void> {
  let leftProcesses = await deployment.processes()
  for (const since = Date.now(); leftProcesses.length > 0 && Date.now() - since < exitTimeoutMs; ) {
    await sleep(250)
    leftProcesses = await deployment.processes()
  }
  for (const { pid, command } of leftProcesses) verdict.add('leaked', `process ${pid}: ${command}`)
  await openFolderStore(deployment.folder)
  for (const name of await readdir(join(deployment.folder, '.staging'))) {
    verdict.add('leaked', `.staging/${name}`)
  }
}
