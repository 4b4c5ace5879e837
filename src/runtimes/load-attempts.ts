// Marks of processes that load a network into OpenVINO for the first time. If native code ends them, the marks stay,
// and the network is loaded into TensorFlow.
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A process may also be ended from outside while it loads. */
export const maxCrashes = 2
const rememberedMs = 24 * 60 * 60_000

const suffix = '.loading'

/** Returns what removes the mark. Without a folder that can be written there are no marks. */
export async function markAttempt(cacheFolder: string, key: string): Promise<() => Promise<void>> {
  const path = join(cacheFolder, `${key}.${process.pid}${suffix}`)
  try {
    await mkdir(cacheFolder, { recursive: true, mode: 0o700 })
    await writeFile(path, '')
  } catch {
    return async () => {}
  }
  return () => rm(path, { force: true }).catch(() => {})
}

/** How many processes have ended within a day while they loaded the network. */
export async function countCrashes(cacheFolder: string, key: string): Promise<number> {
  const names = await readdir(cacheFolder).catch((): string[] => [])
  let crashes = 0
  for (const name of names) {
    if (!name.startsWith(`${key}.`) || !name.endsWith(suffix)) continue
    const pid = Number(name.slice(key.length + 1, -suffix.length))
    if (pid !== process.pid && isRunning(pid)) continue
    const age = await stat(join(cacheFolder, name)).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => Number.POSITIVE_INFINITY,
    )
    if (age < rememberedMs) crashes++
    else await rm(join(cacheFolder, name), { force: true }).catch(() => {})
  }
  return crashes
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false // or of another user, who has another data folder
  }
}
