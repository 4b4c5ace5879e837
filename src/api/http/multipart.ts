import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { quoteTruncated } from '../../errors.js'
import { HttpError } from './http-error.js'

interface FormLimits {
  fileBytes: number
  files: number
  fields: number
}

/** Accepts forms in the scope that registers it; all other routes answer 415. */
export async function registerMultipart(
  app: FastifyInstance,
  { fileBytes, files, fields }: FormLimits,
) {
  await app.register(multipart, {
    // the folder of an image may be its class
    preservePath: true,
    limits: { fileSize: fileBytes, files, fields, parts: files + fields, fieldSize: 64 * 1024 },
  })
}

export interface FormFile {
  name: string
  content: AsyncIterable<Uint8Array>
}

export interface FormHandlers {
  file(file: FormFile): Promise<void>
  field(name: string, value: string): void
}

/** Reads the parts of a form in order, one at a time. */
export async function readForm(
  request: FastifyRequest,
  reply: FastifyReply,
  handlers: FormHandlers,
): Promise<void> {
  try {
    for await (const part of request.parts()) {
      if (part.type === 'file') {
        await handlers.file({ name: part.filename || part.fieldname, content: part.file })
      } else if (part.valueTruncated || part.fieldnameTruncated) {
        const message = `field ${quoteTruncated(part.fieldname)} is too long`
        throw new HttpError('FIELD_TOO_LARGE', message)
      } else {
        handlers.field(part.fieldname, String(part.value))
      }
    }
  } catch (error) {
    await drain(request)
    reply.header('connection', 'close')
    throw isMalformedForm(error)
      ? new HttpError('MALFORMED_FORM', 'the form is malformed or incomplete', { cause: error })
      : error
  }
}

/** Busboy's own errors have no code, so they are recognized by their message; the "needle" is a boundary that is too long. */
const isMalformedForm = (error: unknown) =>
  error instanceof Error &&
  !('code' in error) &&
  /multipart|boundary|needle|terminated early|part header/i.test(error.message)

/**
 * Discards the rest of a rejected form, up to 64 MiB or 2 s, since most clients read the response only
 * after they have sent everything. After that, the connection closes with the response.
 */
async function drain({ raw }: FastifyRequest): Promise<void> {
  raw.unpipe()
  if (raw.readableEnded || raw.destroyed) return
  let remainingBytes = 64 * 2 ** 20
  await new Promise<void>(resolve => {
    const timer = setTimeout(resolve, 2000)
    const done = () => {
      clearTimeout(timer)
      resolve()
    }
    raw.on('data', (chunk: Buffer) => {
      remainingBytes -= chunk.length
      if (remainingBytes < 0) done()
    })
    raw.on('end', done).on('close', done).on('error', done)
    raw.resume()
  })
}
