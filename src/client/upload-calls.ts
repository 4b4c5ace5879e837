import { type Caller, type CallOptions, pathOf } from './caller.js'
import { contentOf, type UploadFile } from './content.js'
import { ProblemError } from './errors.js'
import { type SendOptions, transfer } from './transfer.js'

const tus = { 'tus-resumable': '1.0.0' }

/**
 * Resumable uploads of files, by the tus protocol 1.0 (https://tus.io/protocols/resumable-upload). What has arrived of
 * one is kept for a day, whatever happens to the connection or the server.
 */
export class UploadCalls {
  /** Whether the server checks parts; null until it was asked. */
  private hasChecksums: boolean | null = null

  constructor(private readonly caller: Caller) {}

  /**
   * Sends a file, from where an earlier transfer of it ended, and returns the id of the upload. A lost connection and a
   * server that restarts only delay it.
   */
  send(file: UploadFile, options: SendOptions = {}): Promise<string> {
    return transfer(this, contentOf(file), options)
  }

  /** Begins an upload of so many bytes, and returns its id. `name` is for messages of the server. */
  async create(name: string, bytes: number, options?: CallOptions): Promise<string> {
    const headers = {
      ...tus,
      'upload-length': String(bytes),
      'upload-metadata': `filename ${base64(name)}`,
    }
    const answer = await this.caller.request('POST', '/uploads', { ...options, headers })
    return answer.headers.get('location')!.split('/').at(-1)!
  }

  /** How many bytes the server has. */
  async offset(id: string, options?: CallOptions): Promise<number> {
    const answer = await this.caller.request('HEAD', pathOf`/uploads/${id}`, {
      ...options,
      headers: tus,
    })
    return offsetOf(answer)
  }

  /**
   * Sends the bytes that follow the first `offset` ones, and returns how many the server has then. They go with their
   * checksum if the server checks it: then all of them arrive, or none.
   */
  async append(
    id: string,
    offset: number,
    bytes: Uint8Array<ArrayBuffer>,
    options?: CallOptions,
  ): Promise<number> {
    const checksum = (await this.checksOf(options)) ? await checksumOf(bytes) : null
    const answer = await this.caller.request('PATCH', pathOf`/uploads/${id}`, {
      ...options,
      headers: {
        ...tus,
        ...(checksum !== null && { 'upload-checksum': checksum }),
        'upload-offset': String(offset),
        'content-type': 'application/offset+octet-stream',
      },
      body: bytes,
    })
    return offsetOf(answer)
  }

  private async checksOf(options?: CallOptions): Promise<boolean> {
    if (this.hasChecksums !== null) return this.hasChecksums
    try {
      const { headers } = await this.caller.request('OPTIONS', '/uploads', {
        ...options,
        // a browser may not let a page ask; then the parts go without
        retryForMs: 0,
        headers: tus,
      })
      const algorithms = headers.get('tus-checksum-algorithm')?.split(',') ?? []
      this.hasChecksums = algorithms.includes('sha256')
    } catch (error) {
      options?.signal?.throwIfAborted()
      // whatever it was, the part itself meets it too
      if (!(error instanceof ProblemError)) return false
      this.hasChecksums = false
    }
    return this.hasChecksums
  }

  /** Removes an upload, complete or not. */
  async delete(id: string, options?: CallOptions): Promise<void> {
    await this.caller.request('DELETE', pathOf`/uploads/${id}`, { ...options, headers: tus })
  }
}

/** Null in a page that came by HTTP from another host: browsers have no digests there. */
async function checksumOf(bytes: Uint8Array<ArrayBuffer>): Promise<string | null> {
  const { subtle } = globalThis.crypto
  if (!subtle) return null
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes))
  return `sha256 ${btoa(String.fromCharCode(...digest))}`
}

const offsetOf = ({ headers }: Response) => Number(headers.get('upload-offset'))

const base64 = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)))
