import { ConnectionError } from '../../../client/errors.js'
import { client } from '../../server/session.js'
import type { Parcel } from './parcels.js'

/** How long a lost connection is tried again; each byte that arrives starts it anew. */
const patienceMs = 20 * 60_000

export interface TransferEvents {
  onProgress: (sentBytes: number) => void
  /** The connection is lost, and is tried again. */
  onLost: () => void
}

export interface Transfer {
  /** Resolves to the id of the upload once all is there. */
  finished: Promise<string>
  pause: () => void
  resume: () => void
  /** Ends it, and removes what the server has of it. */
  cancel: () => Promise<void>
}

/** Sends a parcel, from where an earlier transfer of the same files ended if the server still has it. */
export function startTransfer(parcel: Parcel, events: TransferEvents): Transfer {
  let stop = new AbortController()
  let goOn = () => {}
  async function send(): Promise<string> {
    for (;;) {
      try {
        return await sendOnce(parcel, stop.signal, events)
      } catch (error) {
        if (!stop.signal.aborted) throw explained(error)
      }
      await new Promise<void>(resolve => {
        goOn = resolve
      })
      stop = new AbortController()
    }
  }
  return {
    finished: send(),
    pause: () => stop.abort(),
    resume: () => goOn(),
    async cancel() {
      stop.abort()
      const kept = readKept(keyOf(parcel))
      if (kept) await discardUpload(kept)
    },
  }
}

function sendOnce(
  parcel: Parcel,
  signal: AbortSignal,
  { onProgress, onLost }: TransferEvents,
): Promise<string> {
  const { name, content } = parcel
  return client.uploads.send(
    { name, content },
    {
      signal,
      upload: readKept(keyOf(parcel))?.id,
      onBegun: id => keep(parcel, id),
      onSent: onProgress,
      onLost,
      giveUpAfterMs: patienceMs,
    },
  )
}

function explained(error: unknown): unknown {
  if (!(error instanceof ConnectionError)) return error
  return new Error(
    'The connection to the server is lost. What has arrived is kept for a day: try again.',
    { cause: error },
  )
}

/** An upload that the browser remembers until its data set is made. */
export interface Unfinished {
  /** Of the browser's storage. */
  key: string
  id: string
  name: string
  bytes: number
  startedAt: string
}

const prefix = 'trainyard upload '

const keyOf = ({ fingerprint }: Parcel) => prefix + fingerprint

/** A browser may forbid to keep anything; an upload then goes on as long as the page stays. */
function storage(): Storage | null {
  try {
    return localStorage
  } catch {
    return null
  }
}

function keep(parcel: Parcel, id: string): void {
  const { name, content } = parcel
  const startedAt = new Date().toISOString()
  const kept: Omit<Unfinished, 'key'> = { id, name, bytes: content.size, startedAt }
  try {
    storage()?.setItem(keyOf(parcel), JSON.stringify(kept))
  } catch {
    // full
  }
}

function readKept(key: string): Unfinished | null {
  try {
    const kept: Omit<Unfinished, 'key'> | null = JSON.parse(storage()?.getItem(key) ?? 'null')
    return kept && { key, ...kept }
  } catch {
    return null
  }
}

/** Uploads of this browser that have not been finished, newest first. Choosing the same files goes on with them. */
export function unfinishedUploads(): Unfinished[] {
  return Object.keys(storage() ?? {})
    .filter(key => key.startsWith(prefix))
    .map(readKept)
    .filter(kept => kept !== null)
    .sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1))
}

/** Forgets the transfer of a parcel, whose data set is made. */
export const forgetTransfer = (parcel: Parcel): void => storage()?.removeItem(keyOf(parcel))

/** Removes an upload from the server and from this browser. */
export async function discardUpload({ key, id }: Unfinished): Promise<void> {
  storage()?.removeItem(key)
  // the server may have removed it before
  await client.uploads.delete(id).catch(() => {})
}
