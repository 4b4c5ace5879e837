import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, ProblemError } from '../../client/client.js'
import { formatBytes, formatCount } from '../../presentation/units.js'
import type { DatasetManifest } from '../../spec/dataset.js'
import type { DatasetImport } from '../../spec/dataset-import.js'
import type { DatasetRequest } from '../../spec/dataset-request.js'
import { exitCodes } from '../exit-codes.js'
import { CommandError } from '../failure.js'
import { keepTrying, quick, type TryOptions } from '../keep-trying.js'
import type { Progress } from '../terminal/progress-bar.js'

export interface Made {
  dataset: DatasetManifest
  /** False if the server had the same content before; null if it does not say. */
  created: boolean | null
}

export interface MakingOptions extends TryOptions {
  onProgress: (progress: Progress) => void
  /** The server makes it, and goes on if this command ends. */
  onBegun: (id: string) => Promise<void>
  /** The server was restarted, and begins again. */
  onBeganAgain: () => void
}

/** An import that took less than a second leaves no record. */
const waitSeconds = 2
const pollMs = 400

/** Lets the server make a data set, and waits until it has. */
export async function makeDataset(
  client: Client,
  body: DatasetRequest | FormData,
  options: MakingOptions,
): Promise<Made> {
  for (;;) {
    const answer = await keepTrying(() => {
      return client.imports.make(body, { wait: waitSeconds, signal: options.signal })
    }, options)
    if (answer.running === null) return answer
    await options.onBegun(answer.running.id)
    const end = await endOf(client, answer.running, options)
    if (end.status !== 'interrupted' || body instanceof FormData) return result(client, end)
    options.onBeganAgain()
  }
}

/** Goes on with an import of an earlier run; null if the server has no record of it, or was interrupted. */
export async function resumeMaking(
  client: Client,
  id: string,
  options: MakingOptions,
): Promise<Made | null> {
  const found = await keepTrying(() => importOrNull(client, id, options), options)
  if (found === null || ['failed', 'cancelled', 'interrupted'].includes(found.status)) return null
  const end = await endOf(client, found, options)
  return end.status === 'interrupted' ? null : result(client, end)
}

async function endOf(
  client: Client,
  first: DatasetImport,
  options: MakingOptions,
): Promise<DatasetImport> {
  let latest = first
  while (latest.finishedAt === null) {
    options.onProgress(progressOf(latest))
    await sleep(pollMs, undefined, { signal: options.signal })
    latest = await keepTrying(() => client.imports.get(latest.id, quick(options)), options)
  }
  return latest
}

async function result(client: Client, end: DatasetImport): Promise<Made> {
  if (end.problem) throw new ProblemError(end.problem)
  if (end.dataset === null) {
    const message = `the making of the data set was cancelled (${end.id})`
    throw new CommandError(message, exitCodes.jobCancelled)
  }
  return { dataset: await client.datasets.get(end.dataset), created: end.created }
}

async function importOrNull(
  client: Client,
  id: string,
  options: MakingOptions,
): Promise<DatasetImport | null> {
  try {
    return await client.imports.get(id, quick(options))
  } catch (error) {
    if (error instanceof ProblemError && error.problem.status === 404) return null
    throw error
  }
}

const waits: Partial<Record<DatasetImport['status'], string>> = {
  receiving: 'receiving',
  fetching: 'fetching',
  waiting: 'waiting for other data sets',
  converting: 'starting the conversion',
}

function progressOf({ status, progress }: DatasetImport): Progress {
  if (progress === null || status === 'waiting') {
    const what = waits[status] ?? status
    return { what, fraction: null, amount: '', rate: null, secondsLeft: null }
  }
  const { phase, unit, done, total, fraction, etaSeconds } = progress
  const shown = unit === 'bytes' ? formatBytes : formatCount
  const amount = total === null ? shown(done) : `${shown(done)} of ${shown(total)}`
  return {
    what: phase,
    fraction,
    amount: unit === 'bytes' ? amount : `${amount} ${unit}`,
    rate: null,
    secondsLeft: etaSeconds,
  }
}
