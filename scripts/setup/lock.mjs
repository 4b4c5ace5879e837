import { readFileSync, rmSync } from 'node:fs'
import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { say } from './progress.mjs'

const beatMs = 1000
const silenceMs = 15_000
const mark = `${process.pid} ${hostname()}`

/**
 * Keeps two set-ups from doing the same work at once. The holder touches the lock file every second. If
 * the holder was killed, the lock is taken over: at once if its process is known to be gone, else after
 * 15 s (it may run in another container). Correctness does not depend on the lock: every result is
 * written aside and renamed into place, so two holders would only do the work twice.
 */
export async function withLock(path, work) {
  let told = false
  while (!(await take(path))) {
    const holder = await abandoned(path)
    if (holder === true) await rm(path, { force: true })
    else {
      if (!told) say(`waiting for another set-up (process ${holder})`)
      told = true
      await sleep(300)
    }
  }
  const beat = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => {
      // another process took over the lock while this one was suspended
    })
  }, beatMs)
  try {
    return await work()
  } finally {
    clearInterval(beat)
    release(path)
  }
}

/** Releases the lock synchronously, for signal handlers; does nothing if another process holds it. */
export function release(path) {
  try {
    if (readFileSync(path, 'utf8') === mark) rmSync(path, { force: true })
  } catch {
    // already released, or never taken
  }
}

async function take(path) {
  try {
    await writeFile(path, mark, { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

/** True if the holder is gone, else its process id. */
async function abandoned(path) {
  try {
    const [[pid, host], { mtimeMs }] = await Promise.all([
      readFile(path, 'utf8').then(text => text.split(' ')),
      stat(path),
    ])
    if (Date.now() - mtimeMs > silenceMs) return true
    return host === hostname() && !alive(Number(pid)) ? true : pid
  } catch {
    return true // it has been released
  }
}

function alive(pid) {
  // a new lock file is empty for a moment; that is not a dead holder
  if (!pid) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
