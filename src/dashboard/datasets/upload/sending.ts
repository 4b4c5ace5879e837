import { signal } from '@preact/signals'
import { ProblemError } from '../../../client/client.js'
import type { DatasetManifest } from '../../../spec/dataset.js'
import type { DatasetImport } from '../../../spec/dataset-import.js'
import type { DatasetRequest, DatasetSource } from '../../../spec/dataset-request.js'
import type { DeriveRequest } from '../../../spec/dataset-steps.js'
import { client, endSessionOf } from '../../server/session.js'
import { followStream } from '../../server/stream.js'
import type { Parcel } from './parcels.js'
import { forgetTransfer, startTransfer, type Transfer } from './resumable.js'

export type Options = Omit<DatasetRequest, 'source' | 'sources'>

type SendingState = 'sending' | 'lost' | 'paused' | 'making' | 'made' | 'failed'

/** A data set that this page makes: its files are sent, then the server converts them. */
export interface Sending {
  id: number
  /** What is sent. */
  title: string
  options: Options
  state: SendingState
  sentBytes: number
  totalBytes: number
  /** Of the last seconds; null before there are any. */
  bytesPerSecond: number | null
  /** While the server makes it, if that takes longer than a moment. */
  progress: DatasetImport | null
  dataset: DatasetManifest | null
  /** The data set that it is derived from. */
  from: string | null
  /** The server had the same content before. */
  isKnown: boolean
  error: unknown
}

/** They live as long as the page, whichever of its views is shown. */
export const sendings = signal<readonly Sending[]>([])

type Answer = DatasetManifest | DatasetImport

interface Work {
  parcels: readonly Parcel[]
  /** Asks the server to make the data set of what was sent. */
  begin: (uploads: readonly string[], options: Options) => Promise<Answer>
  uploads: string[]
  transfer: Transfer | null
  isCancelled: boolean
}

const works = new Map<number, Work>()
let lastId = 0

/** The server answers with the import at once, and tells in it how far it is and whether the content is new. */
const waitSeconds = 0

/** Sends parcels, and lets the server make a data set of them. */
export const beginSending = (title: string, parcels: readonly Parcel[], options: Options): void =>
  add(title, options, parcels, (uploads, latest) =>
    client.imports.begin(
      { ...latest, source: { kind: 'upload', uploads: [...uploads] } },
      { wait: waitSeconds },
    ),
  )

/** Lets the server make a data set of what lies elsewhere. */
export const beginImport = (
  title: string,
  sources: readonly DatasetSource[],
  options: Options,
): void =>
  add(title, options, [], (_, latest) =>
    client.imports.begin({ ...latest, sources: [...sources] }, { wait: waitSeconds }),
  )

/** Lets the server make a data set of another one. */
export const beginDerivation = (
  { id, name }: { id: string; name: string },
  request: DeriveRequest,
): void =>
  add(
    `derived from ${name}`,
    request.name === undefined ? {} : { name: request.name },
    [],
    () => client.datasets.beginDerivation(id, request, { wait: waitSeconds }),
    id,
  )

function add(
  title: string,
  options: Options,
  parcels: readonly Parcel[],
  begin: Work['begin'],
  from: string | null = null,
): void {
  lastId += 1
  const sending: Sending = {
    ...{ id: lastId, title, options, state: parcels.length > 0 ? 'sending' : 'making' },
    ...{ sentBytes: 0, totalBytes: sizeOf(parcels), bytesPerSecond: null },
    ...{ progress: null, dataset: null, from, isKnown: false, error: null },
  }
  sendings.value = [sending, ...sendings.value]
  works.set(lastId, { parcels, begin, uploads: [], transfer: null, isCancelled: false })
  void run(lastId)
}

/** Tries again what failed. Files that have arrived are not sent again. */
export function retrySending(id: number): void {
  patch(id, { state: 'sending', error: null, progress: null })
  void run(id)
}

export function pauseSending(id: number): void {
  works.get(id)?.transfer?.pause()
  patch(id, { state: 'paused', bytesPerSecond: null })
}

export function resumeSending(id: number): void {
  patch(id, { state: 'sending' })
  works.get(id)?.transfer?.resume()
}

/** Ends it, and removes what the server has of it. */
export async function cancelSending(id: number): Promise<void> {
  const work = works.get(id)
  const sending = sendings.value.find(each => each.id === id)
  if (!work || !sending) return
  work.isCancelled = true
  forgetSending(id)
  if (sending.progress && sending.state === 'making')
    await client.imports.cancel(sending.progress.id)
  await work.transfer?.cancel()
  work.parcels.forEach(forgetTransfer)
}

/** Takes it off the page. */
export function forgetSending(id: number): void {
  works.delete(id)
  sendings.value = sendings.value.filter(each => each.id !== id)
}

async function run(id: number): Promise<void> {
  const work = works.get(id)!
  try {
    await send(id, work)
    if (work.isCancelled) return
    patch(id, { state: 'making', bytesPerSecond: null })
    const dataset = await make(id, work)
    if (work.isCancelled) return
    work.parcels.forEach(forgetTransfer)
    patch(id, { state: 'made', dataset, progress: null })
  } catch (error) {
    if (work.isCancelled || endSessionOf(error)) return
    patch(id, { state: 'failed', error, bytesPerSecond: null })
  }
}

/** Sends the parcels that are not there yet, one after the other. */
async function send(id: number, work: Work): Promise<void> {
  const { parcels, uploads } = work
  if (uploads.length === parcels.length) return
  for (const parcel of parcels.slice(uploads.length)) {
    if (work.isCancelled) return
    const before = sizeOf(parcels.slice(0, uploads.length))
    const speed = speedometer()
    work.transfer = startTransfer(parcel, {
      onProgress: sent => {
        patch(id, {
          state: 'sending',
          sentBytes: before + sent,
          bytesPerSecond: speed(sent),
        })
      },
      onLost: () => patch(id, { state: 'lost', bytesPerSecond: null }),
    })
    uploads.push(await work.transfer.finished)
    work.transfer = null
    patch(id, { sentBytes: sizeOf(parcels.slice(0, uploads.length)) })
  }
}

const sizeOf = (parcels: readonly Parcel[]) =>
  parcels.reduce((sum, { content }) => sum + content.size, 0)

async function make(id: number, { uploads, begin }: Work): Promise<DatasetManifest> {
  const { options } = sendings.value.find(each => each.id === id)!
  const answer = await begin(uploads, options)
  return finished(answer, progress => patch(id, { progress, isKnown: progress.created === false }))
}

/** The data set of an answer, after the import that makes it has ended. Throws if it fails. */
async function finished(
  answer: Answer,
  onProgress: (progress: DatasetImport) => void,
): Promise<DatasetManifest> {
  if (!('status' in answer)) return answer
  onProgress(answer)
  const end = answer.finishedAt === null ? await endOf(answer.id, onProgress) : answer
  if (end.problem) throw new ProblemError(end.problem)
  if (end.dataset === null) throw new Error('The making of the data set was cancelled.')
  return client.datasets.get(end.dataset)
}

const endOf = (id: string, onProgress: (progress: DatasetImport) => void) =>
  new Promise<DatasetImport>((resolve, reject) => {
    let isOver = false
    followStream(`/imports/${id}/events`, {
      isOver: () => isOver,
      onEvent({ data }) {
        const latest = JSON.parse(data) as DatasetImport
        onProgress(latest)
        isOver = latest.finishedAt !== null
        if (isOver) resolve(latest)
      },
      onRefused: reject,
    })
  })

function patch(id: number, changes: Partial<Sending>): void {
  sendings.value = sendings.value.map(each => (each.id === id ? { ...each, ...changes } : each))
}

const speedWindowMs = 5000

/** Bytes per second of the last seconds, of a growing number of bytes. */
function speedometer(): (bytes: number) => number | null {
  const samples: { at: number; bytes: number }[] = []
  return bytes => {
    const at = performance.now()
    samples.push({ at, bytes })
    while (samples.length > 2 && at - samples[0]!.at > speedWindowMs) samples.shift()
    const [first] = samples
    const ms = at - first!.at
    return ms < 500 ? null : Math.max(0, ((bytes - first!.bytes) / ms) * 1000)
  }
}

/** The browser asks before the page is left while files are sent. */
addEventListener('beforeunload', event => {
  if (sendings.value.some(({ state }) => ['sending', 'lost', 'paused'].includes(state))) {
    event.preventDefault()
  }
})
