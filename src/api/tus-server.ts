import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import type { Server } from '@tus/server'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type UploadFolder, uploadExpiryMs } from '../datasets/sources/upload-folder.js'
import { TrainyardError } from '../errors.js'
import type { ErrorCode } from '../spec/error-codes.js'
import { assertRoom } from '../store/disk-room.js'
import { checksumAlgorithms, parseChecksum, receivePart } from './checked-part.js'
import { HttpError } from './http/http-error.js'

/** What the protocol reads of a request. Others, such as X-Forwarded-Host, have been dealt with. */
const requestHeaders = [
  ...['tus-resumable', 'upload-length', 'upload-defer-length', 'upload-metadata'],
  ...['upload-offset', 'upload-concat', 'content-type', 'content-length'],
]
/** What an answer has of the protocol's own; the rest is the server's. */
const answerHeader = /^(tus-|upload-|location$)/

/** Open at the same time; each may be empty. */
const maxUploads = 1000

/** Resumable uploads by the tus protocol 1.0 (https://tus.io/protocols/resumable-upload), into a folder. */
export class TusServer {
  private server: Server | null = null

  constructor(
    private readonly folder: UploadFolder,
    private readonly maxBytes: number,
  ) {}

  /** Answers a request for an upload, or for a new one if `id` is null. */
  async answer(request: FastifyRequest, reply: FastifyReply, id: string | null) {
    const { method } = request
    const server = await this.open()
    if (method === 'POST') await this.assertMayCreate(request)
    if (method === 'PATCH') await this.assertRoomFor(Number(request.headers['content-length'] ?? 0))
    const response = await this.handle(server, request, id)
    const text = await response.text()
    if (response.status >= 400) throw problemOf(response.status, text, id)
    for (const [name, value] of response.headers) {
      if (answerHeader.test(name)) reply.header(name, value)
    }
    if (method === 'OPTIONS') {
      reply.header('tus-extension', `${response.headers.get('tus-extension')},checksum`)
      reply.header('tus-checksum-algorithm', checksumAlgorithms)
    }
    if (method !== 'DELETE' && method !== 'OPTIONS') {
      reply.header('upload-expires', new Date(Date.now() + uploadExpiryMs).toUTCString())
    }
    return reply.code(response.status).send(text === '' ? null : text)
  }

  /** Gives the request to the library; if it has a checksum, after all of its part has arrived and has it. */
  private async handle(
    server: Server,
    request: FastifyRequest,
    id: string | null,
  ): Promise<Response> {
    const header = request.headers['upload-checksum']
    if (header === undefined || !hasPart(request)) {
      return server.handleWeb(toWebRequest(request, id))
    }
    const checksum = parseChecksum(String(header))
    const bytes = request.headers['content-length']
    if (bytes === undefined) {
      throw new HttpError('UPLOAD_PROTOCOL', 'a part with Upload-Checksum needs a Content-Length')
    }
    if (id !== null) await assertOffset(server, request, id, Number(bytes))
    // until the part is where it belongs, there are two of it
    await this.assertRoomFor(2 * Number(bytes))
    const path = this.folder.newPart()
    try {
      await receivePart(request.raw, checksum, path)
      return await server.handleWeb(toWebRequest(request, id, createReadStream(path)))
    } finally {
      await rm(path, { force: true })
    }
  }

  private async open(): Promise<Server> {
    if (this.server) return this.server
    // they take 0.3 s to load, and most servers get no such upload
    const [{ Server }, { FileStore }] = await Promise.all([
      import('@tus/server'),
      import('@tus/file-store'),
    ])
    await this.folder.open()
    const store = new FileStore({ directory: this.folder.path })
    this.server ??= new Server({
      path: '/uploads',
      datastore: store,
      maxSize: this.maxBytes,
      relativeLocation: true,
      // the client's names of files are for messages, and become no path
      namingFunction: () => `up-${randomBytes(16).toString('hex')}`,
    })
    return this.server
  }

  private async assertMayCreate({ headers }: FastifyRequest): Promise<void> {
    const { length } = await this.folder.ids()
    if (length >= maxUploads) {
      const message = `${length} resumable uploads are open already; delete one, or try again later`
      throw new TrainyardError('UPLOAD_BUSY', message)
    }
    const bytes = Number(headers['upload-length'] ?? 0)
    if (Number.isSafeInteger(bytes) && bytes <= this.maxBytes) await this.assertRoomFor(bytes)
  }

  private async assertRoomFor(bytes: number): Promise<void> {
    await assertRoom(this.folder.path, bytes, 'the upload')
  }
}

const hasPart = ({ method, headers }: FastifyRequest): boolean =>
  method === 'PATCH' || (method === 'POST' && headers['content-type'] !== undefined)

/** Refuses a part that the library would refuse, before it arrives. */
async function assertOffset(
  server: Server,
  request: FastifyRequest,
  id: string,
  bytes: number,
): Promise<void> {
  const head = await server.handleWeb(toWebRequest(request, id, null, 'HEAD'))
  if (head.status >= 400) throw problemOf(head.status, await head.text(), id)
  const [there, length] = ['upload-offset', 'upload-length'].map(name => head.headers.get(name))
  if (there !== request.headers['upload-offset']) throw problemOf(409, '', id)
  if (length !== null && Number(there) + bytes > Number(length)) throw problemOf(413, '', id)
}

/** `body`: instead of what arrives; null for none. */
function toWebRequest(
  request: FastifyRequest,
  id: string | null,
  body: Readable | null = hasPart(request) ? request.raw : null,
  method = request.method,
): Request {
  const kept = new Headers()
  for (const name of requestHeaders) {
    const value = request.headers[name]
    if (typeof value === 'string') kept.set(name, value)
  }
  return new Request(`http://uploads.invalid/uploads${id === null ? '' : `/${id}`}`, {
    method,
    headers: kept,
    ...(body && { body: Readable.toWeb(body) as ReadableStream<Uint8Array>, duplex: 'half' }),
  } as RequestInit)
}

/** The codes of the library's answers that clients handle. */
const codes: Readonly<Record<number, ErrorCode>> = {
  404: 'UPLOAD_NOT_FOUND',
  409: 'UPLOAD_OFFSET',
  410: 'UPLOAD_NOT_FOUND',
  413: 'FILE_TOO_LARGE',
}

function problemOf(status: number, text: string, id: string | null): Error {
  const code = codes[status]
  const told = text.trim()
  if (code === 'UPLOAD_NOT_FOUND') {
    return new TrainyardError(code, `there is no upload '${id}'`)
  }
  if (code === 'UPLOAD_OFFSET') {
    const message = `the part does not begin where upload '${id}' ends; HEAD says where to go on`
    return new TrainyardError(code, message)
  }
  if (code === 'FILE_TOO_LARGE')
    return new HttpError(
      'FILE_TOO_LARGE',
      'the file is larger than this route takes, or than its Upload-Length',
    )
  if (status === 500)
    return new TrainyardError('STORAGE_FAILED', `the upload cannot be written: ${told}`)
  return new HttpError('UPLOAD_PROTOCOL', told, { status: status === 501 ? 400 : status })
}
