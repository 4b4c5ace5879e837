import { type Caller, type CallOptions, pathOf } from './caller.js'
import { contentOf, type UploadFile } from './content.js'
import { type SendOptions, transfer } from './transfer.js'

const tus = { 'tus-resumable': '1.0.0' }

/**
 * Resumable uploads of files, by the tus protocol 1.0 (https://tus.io/protocols/resumable-upload). What has arrived of
 * one is kept for a day, whatever happens to the connection or the server.
 */
export class UploadCalls {
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

  /** Sends the bytes that follow the first `offset` ones, and returns how many the server has then. */
  async append(
    id: string,
    offset: number,
    bytes: Uint8Array<ArrayBuffer>,
    options?: CallOptions,
  ): Promise<number> {
    const answer = await this.caller.request('PATCH', pathOf`/uploads/${id}`, {
      ...options,
      headers: {
        ...tus,
        'upload-offset': String(offset),
        'content-type': 'application/offset+octet-stream',
      },
      body: bytes,
    })
    return offsetOf(answer)
  }

  /** Removes an upload, complete or not. */
  async delete(id: string, options?: CallOptions): Promise<void> {
    await this.caller.request('DELETE', pathOf`/uploads/${id}`, { ...options, headers: tus })
  }
}

const offsetOf = ({ headers }: Response) => Number(headers.get('upload-offset'))

const base64 = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)))
