// Measurements of earlier loads: small files that may be deleted at any time.
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openVinoVersion } from '../engine/openvino.js'
import { processorType } from '../engine/processor.js'
import type { BatchTimes, Measurement } from './measure.js'
import type { NetworkPrecision } from './network.js'

/** How OpenVINO runs batches. What was measured of another way is not recalled. */
const measured = 'streams'
/** Each has about 200 bytes. */
const maxFiles = 1000

/**
 * Names what a measurement depends on. Networks of the same graph share one, as values of weights take no time;
 * a data folder that moves to another machine has none there.
 */
export async function measurementKey(
  folder: string,
  threads: number,
  precision: NetworkPrecision,
): Promise<string> {
  const machine = [...processorType(), threads, openVinoVersion(), measured]
  return createHash('sha256')
    .update(JSON.stringify([...machine, precision]))
    .update(await readFile(join(folder, 'saved_model.pb')))
    .digest('hex')
    .slice(0, 32)
}

/** Null if there is none that can be read. */
export async function recall(cacheFolder: string, key: string): Promise<Measurement | null> {
  try {
    const text = await readFile(join(cacheFolder, `${key}.json`), 'utf8')
    const found = JSON.parse(text) as Partial<Measurement>
    return isTimes(found.tensorflow) && isTimes(found.openvino) ? (found as Measurement) : null
  } catch {
    return null // never measured, or damaged
  }
}

const isTimes = (times: BatchTimes | undefined) =>
  typeof times === 'object' && [1, 8].every(n => Number.isFinite(times[n]))

/** Does nothing if the folder cannot be written: the next load measures again. */
export async function remember(
  cacheFolder: string,
  key: string,
  measurement: Measurement,
): Promise<void> {
  const temporary = join(cacheFolder, `${randomUUID()}.tmp`)
  try {
    await mkdir(cacheFolder, { recursive: true, mode: 0o700 })
    await makeRoom(cacheFolder)
    await writeFile(temporary, JSON.stringify(measurement))
    await rename(temporary, join(cacheFolder, `${key}.json`))
  } catch {
    await rm(temporary, { force: true }).catch(() => {})
  }
}

async function makeRoom(folder: string): Promise<void> {
  const names = await readdir(folder)
  if (names.length < maxFiles) return
  const files = await Promise.all(
    names.map(async name => ({ name, time: (await stat(join(folder, name))).mtimeMs })),
  )
  files.sort((a, b) => a.time - b.time)
  for (const { name } of files.slice(0, maxFiles / 10)) {
    await rm(join(folder, name), { force: true })
  }
}
