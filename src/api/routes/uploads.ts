import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { uploadNotFound } from '../../datasets/sources/errors.js'
import type { Sources } from '../../datasets/sources/sources.js'
import { isUploadId } from '../../datasets/sources/upload-folder.js'
import type { Limits } from '../http/limits.js'
import { skipBodyValidation } from '../http/validation.js'
import { Binary, NoContent } from '../schemas.js'
import { TusServer } from '../tus-server.js'

export interface UploadRoutesDeps {
  sources: Pick<Sources, 'uploads'>
  limits: Limits
}

const partType = 'application/offset+octet-stream'
const sweepIntervalMs = 3600_000

export const uploadRoutes: FastifyPluginAsyncTypebox<UploadRoutesDeps> = async (app, deps) => {
  const { sources, limits } = deps
  const { uploads } = sources
  const tus = new TusServer(uploads, limits.uploadFileBytes)
  const tags = ['uploads']
  const params = Type.Object({
    id: Type.String({ maxLength: 64, description: 'the id of a resumable upload' }),
  })
  app.removeAllContentTypeParsers()
  // the tus server reads it
  app.addContentTypeParser(partType, (_request, _payload, done) => done(null))

  const sweep = () =>
    uploads.removeExpired().catch(err => app.log.warn({ err }, 'uploads cannot be swept'))
  let timer: NodeJS.Timeout
  app.addHook('onListen', async () => {
    void sweep()
    timer = setInterval(() => void sweep(), sweepIntervalMs).unref()
  })
  app.addHook('onClose', async () => clearInterval(timer))

  const known = (id: string) => {
    if (!isUploadId(id)) throw uploadNotFound(id)
    return id
  }
  const common = {
    validatorCompiler: skipBodyValidation,
    config: { heldBytes: () => limits.uploadBufferBytes },
    bodyLimit: limits.uploadFileBytes,
  }

  app.post(
    '/uploads',
    {
      ...common,
      schema: {
        tags,
        operationId: 'createUpload',
        summary: 'Begin a resumable upload of a file',
        description:
          'The tus protocol 1.0 (tus.io), for which there are clients in many languages: `Upload-Length` has the size, and `Upload-Metadata` a `filename`. ' +
          'The answer names the upload in `Location`. Make a data set of complete uploads with `POST /datasets`. An upload is removed a day after its last byte.',
        consumes: [partType],
        problems: ['UPLOAD_PROTOCOL', 'FILE_TOO_LARGE', 'UPLOAD_BUSY', 'UPLOAD_CHECKSUM'],
        responseHeaders: { 201: ['Location', 'Upload-Offset', 'Upload-Expires', 'Tus-Resumable'] },
        response: { 201: NoContent },
      },
    },
    (request, reply) => tus.answer(request, reply, null),
  )

  app.head(
    '/uploads/:id',
    {
      schema: {
        tags,
        operationId: 'getUploadOffset',
        summary: 'Ask how many bytes of a resumable upload there are',
        description: '`Upload-Offset` is where to go on; `Upload-Length` is the size of the file.',
        params,
        problems: ['UPLOAD_PROTOCOL', 'UPLOAD_NOT_FOUND'],
        responseHeaders: { 200: ['Upload-Offset', 'Upload-Expires', 'Tus-Resumable'] },
        response: { 200: NoContent },
      },
    },
    (request, reply) => tus.answer(request, reply, known(request.params.id)),
  )

  app.patch(
    '/uploads/:id',
    {
      ...common,
      schema: {
        tags,
        operationId: 'sendUploadPart',
        summary: 'Send bytes of a resumable upload',
        description:
          'The body follows the bytes that are there: `Upload-Offset` says their number. If the connection breaks, what has arrived is kept. ' +
          'With `Upload-Checksum`, such as `sha256 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=`, the part is kept if all of it has arrived and has this checksum, and otherwise nothing of it. OPTIONS names the algorithms.',
        consumes: [partType],
        params,
        body: Binary,
        problems: [
          ...(['UPLOAD_PROTOCOL', 'UPLOAD_NOT_FOUND', 'UPLOAD_OFFSET'] as const),
          ...(['UPLOAD_CHECKSUM', 'FILE_TOO_LARGE'] as const),
        ],
        responseHeaders: { 204: ['Upload-Offset', 'Upload-Expires', 'Tus-Resumable'] },
        response: { 204: NoContent },
      },
    },
    (request, reply) => tus.answer(request, reply, known(request.params.id)),
  )

  app.delete(
    '/uploads/:id',
    {
      schema: {
        tags,
        operationId: 'deleteUpload',
        summary: 'Delete a resumable upload',
        description: 'Its bytes are removed, complete or not.',
        params,
        problems: ['UPLOAD_PROTOCOL', 'UPLOAD_NOT_FOUND'],
        responseHeaders: { 204: ['Tus-Resumable'] },
        response: { 204: NoContent },
      },
    },
    (request, reply) => tus.answer(request, reply, known(request.params.id)),
  )

  app.options('/uploads', { schema: { hide: true } }, (request, reply) =>
    tus.answer(request, reply, null),
  )
}
