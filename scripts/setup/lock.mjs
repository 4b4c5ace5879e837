import { readFileSync, rmSync } from 'node:fs'
import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { say } from './progress.mjs'

const beatMs = 1000
const silenceMs = 15_000
const mark = `${process.pid} ${hostname()}`

/**
 * Keeps two set-ups from doing the same work at once. The holder touches the file every second, so
 * a lock whose holder was killed is taken over: at once where its process is seen to be gone, after
 * 15 s of silence otherwise (another container). Nothing depends on it for correctness: every
 * result is made aside and renamed into place, so two holders would only work twice.
 */
export async function withLock(path, work) {
  let told = false
  while (!(await take(path))) {
    const holder = await abandoned(path)
    if (holder === true) await rm(path, { force: true })
    else {
      if (!told) say(`another set-up is at work (process ${holder}), waiting for it`)
      told = true
      await sleep(300)
    }
  }
  const beat = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => {
      // taken over after a long stop: see above
    })
  }, beatMs)
  try {
    return await work()
  } finally {
    clearInterval(beat)
    release(path)
  }
}

/** At once, for a signal's last moment; a lock that another process holds is left alone. */
export function release(path) {
  try {
    if (readFileSync(path, 'utf8') === mark) rmSync(path, { force: true })
  } catch {
    // released before, or never taken
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

/** True when the holder is gone, else its process id. */
async function abandoned(path) {
  try {
    const [[pid, host], { mtimeMs }] = await Promise.all([
      readFile(path, 'utf8').then(text => text.split(' ')),
      stat(path),
    ])
    if (Date.now() - mtimeMs > silenceMs) return true
    return host === hostname() && !alive(Number(pid)) ? true : pid
  } catch {
    return true // released meanwhile
  }
}

function alive(pid) {
  // the file exists a moment before its text does; never mistake that for a dead holder
  if (!pid) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
