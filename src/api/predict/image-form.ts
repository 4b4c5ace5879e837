import type { FastifyReply, FastifyRequest } from 'fastify'
import { quoteTruncated } from '../../errors.js'
import { type ReadImages, readImageFiles } from '../../serving/image-files.js'
import type { FileInput } from '../../serving/image-notes.js'
import { HttpError } from '../http/http-error.js'
import type { Limits } from '../http/limits.js'
import { readForm } from '../http/multipart.js'

/** The image files of a form, whatever its fields are called. Throws if there are more than `maxFiles`. */
export async function readImageForm(
  request: FastifyRequest,
  reply: FastifyReply,
  input: FileInput,
  { limits, maxFiles }: { limits: Limits; maxFiles: number },
): Promise<ReadImages & { names: string[] }> {
  const files: Uint8Array[] = []
  const names: string[] = []
  let remainingBytes = limits.imageBytes
  await readForm(request, reply, {
    async file({ name, content }) {
      if (files.length === maxFiles) {
        const message = `the form has more than ${maxFiles} images, which is the most that this model takes in one request`
        throw new HttpError('TOO_MANY_FILES', message)
      }
      const chunks: Uint8Array[] = []
      for await (const chunk of content) {
        remainingBytes -= chunk.length
        if (remainingBytes < 0)
          throw new HttpError('BODY_TOO_LARGE', 'the images together are too large')
        chunks.push(chunk)
      }
      files.push(Buffer.concat(chunks))
      names.push(name)
    },
    field(name) {
      throw new HttpError('INVALID_REQUEST', `unknown field ${quoteTruncated(name)}`)
    },
  })
  if (files.length === 0) throw new HttpError('INVALID_REQUEST', 'the form has no image')
  const read = readImageFiles(files, {
    input,
    maxPixels: limits.imagePixels,
    pathOf: index => `/${index}`,
    nameOf: index => `image ${index} (${quoteTruncated(names[index]!)})`,
  })
  return { ...read, names }
}
