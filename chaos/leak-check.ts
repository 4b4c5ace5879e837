import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { openFolderStore } from '../src/store/folder-store.js'
import type { Verdict } from './checker.js'
import type { ChaosDeployment } from './deployment.js'

/** The server removes leftovers by itself, some of them every 15 s. */
const cleanupTimeoutMs = 60_000
const exitTimeoutMs = 15_000

/**
 * Checks, while the server runs, that Redis holds nothing about jobs that have ended except their entries in
 * the index of jobs.
 */
export async function checkRedis(
  deployment: ChaosDeployment,
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

/** Whether a key belongs to the index of jobs. The sets of unfinished jobs are not counted: ended jobs must leave them. */
const isIndex = (key: string) =>
  /:(listed-jobs|tagged:.*)$/.test(key) && !/:tagged:status:(queued|running|paused)$/.test(key)

/** Finds keys that contain a job id, and lists and sets outside the index that contain one. */
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

/** Checks, after the server has stopped, that no process is left and that the next start empties the staging area. */
export async function checkStopped(deployment: ChaosDeployment, verdict: Verdict): Promise<void> {
  let leftProcesses = await deployment.processes()
  for (const since = Date.now(); leftProcesses.length > 0 && Date.now() - since < exitTimeoutMs; ) {
    await sleep(250)
    leftProcesses = await deployment.processes()
  }
  for (const { pid, command } of leftProcesses) verdict.add('leaked', `process ${pid}: ${command}`)
  const { bucket, folder } = deployment
  await (bucket ? bucket.openStore(folder) : openFolderStore(folder))
  for (const name of await readdir(join(folder, '.staging'))) {
    verdict.add('leaked', `.staging/${name}`)
  }
}
