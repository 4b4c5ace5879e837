import { type DetailedError, defaultOptions, Upload } from 'tus-js-client'
import { serverUrl } from '../../server/session.js'
import { fingerprintPrefix, type Parcel } from './parcels.js'

/** Small enough for the limits of proxies, and to lose little if the connection breaks. */
const chunkBytes = 32 * 2 ** 20

const seconds = [1, 2, 4, 8, 15, ...new Array<number>(40).fill(30)]

const common = {
  endpoint: `${serverUrl}/uploads`,
  headers: { 'x-trainyard-session': '1' },
  chunkSize: chunkBytes,
  /** Up to twenty minutes without a connection; each byte that arrives starts them anew. */
  retryDelays: seconds.map(each => each * 1000),
}

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
  let upload!: Upload
  const finished = new Promise<string>((resolve, reject) => {
    upload = new Upload(parcel.content, {
      ...common,
      metadata: { filename: parcel.name },
      fingerprint: async () => parcel.fingerprint,
      onUploadUrlAvailable() {
        // behind a proxy, the page may lie below a path that the server does not know
        upload.url = `${common.endpoint}/${idOf(upload)}`
      },
      onProgress: sent => events.onProgress(sent),
      onShouldRetry(error) {
        const isPassing = passes(error)
        if (isPassing) events.onLost()
        return isPassing
      },
      onError: error => reject(explained(error)),
      onSuccess: () => resolve(idOf(upload)),
    })
  })
  void upload.findPreviousUploads().then(([previous]) => {
    if (previous) upload.resumeFromPreviousUpload(previous)
    upload.start()
  })
  return {
    finished,
    pause: () => void upload.abort(),
    resume: () => upload.start(),
    cancel: () => upload.abort(upload.url !== null),
  }
}

const idOf = ({ url }: Upload) => url!.split('/').at(-1)!

/** Without an answer, the connection is lost; these answers may be others a moment later. */
function passes(error: Error | DetailedError): boolean {
  const status = statusOf(error)
  return status === 0 || status >= 500 || [408, 409, 423, 425, 429].includes(status)
}

const statusOf = (error: Error | DetailedError) =>
  ('originalResponse' in error && error.originalResponse?.getStatus()) || 0

/** The library's message has headers and codes; people need that of the server. */
function explained(error: Error | DetailedError): Error {
  const body = 'originalResponse' in error && error.originalResponse?.getBody()
  try {
    const { detail } = JSON.parse(body || '{}') as { detail?: string }
    if (detail) return new Error(detail)
  } catch {
    // the answer is not the server's own
  }
  const status = statusOf(error)
  return new Error(
    status === 0
      ? 'The connection to the server is lost. What has arrived is kept for a day: try again.'
      : `The server answers ${status} to the upload.`,
  )
}

const storage = defaultOptions.urlStorage

export interface Unfinished {
  key: string
  name: string
  bytes: number | null
  startedAt: string
  url: string
}

/** Uploads of this browser that have not been finished, newest first. Choosing the same files goes on with them. */
export async function unfinishedUploads(): Promise<Unfinished[]> {
  const found = await storage.findAllUploads()
  return found
    .filter(({ urlStorageKey }) => urlStorageKey.startsWith(`tus::${fingerprintPrefix}-`))
    .map(each => ({
      key: each.urlStorageKey,
      name: each.metadata.filename ?? '',
      bytes: each.size,
      startedAt: new Date(each.creationTime).toISOString(),
      url: (each as { uploadUrl?: string }).uploadUrl ?? '',
    }))
    .sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1))
}

/** Forgets the transfers of a parcel, whose data set is made. */
export async function forgetTransfers({ fingerprint }: Parcel): Promise<void> {
  for (const { urlStorageKey } of await storage.findUploadsByFingerprint(fingerprint)) {
    await storage.removeUpload(urlStorageKey)
  }
}

/** Removes an upload from the server and from this browser. */
export async function discardUpload({ key, url }: Unfinished): Promise<void> {
  await storage.removeUpload(key)
  // the server may have removed it before
  if (url) await Upload.terminate(url, common).catch(() => {})
}
