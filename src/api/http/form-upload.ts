import type { FastifyReply, FastifyRequest } from 'fastify'
import { closestMatch } from './did-you-mean.js'
import { invalidRequest, unknownField } from './http-error.js'
import { readForm } from './multipart.js'

interface FileSink {
  addFile(name: string, content: AsyncIterable<Uint8Array>): Promise<void>
}

/** Streams a form's files into an upload; its fields may come before them or after. */
export async function receiveUpload<Field extends string>(
  request: FastifyRequest,
  reply: FastifyReply,
  upload: FileSink,
  fieldNames: readonly Field[],
  idleTimeoutMs: number,
): Promise<Partial<Record<Field, string>>> {
  const fields: Partial<Record<Field, string>> = {}
  let files = 0
  enforceIdleTimeout(request, reply, idleTimeoutMs)
  await readForm(request, reply, {
    async file({ name, content }) {
      files++
      await upload.addFile(name, content)
    },
    field(name, value) {
      const known = fieldNames.find(field => field === name)
      if (!known) throw unknownField(name, suggestField(name, fieldNames))
      if (known in fields)
        throw invalidRequest(`/${name}`, 'duplicate', `field '${name}' comes twice`)
      fields[known] = value
    },
  })
  if (files === 0) throw invalidRequest('/file', 'required', 'the form has no file')
  // what is made of it may take longer than any silence
  request.raw.setTimeout(0)
  return fields
}

/** A sender that has fallen silent shall not hold a connection and a scratch folder for ever. */
function enforceIdleTimeout(
  { raw }: FastifyRequest,
  reply: FastifyReply,
  idleTimeoutMs: number,
): void {
  // of the reply: once a request is complete, Node asks it no more and cuts the connection itself
  reply.raw.setTimeout(idleTimeoutMs, () => {
    // it has said all, and waits for us
    if (raw.complete) return
    // it waits until what it has said is on the disk
    if (raw.isPaused()) raw.socket.setTimeout(idleTimeoutMs)
    else raw.destroy()
  })
}

function suggestField(name: string, fieldNames: readonly string[]): string {
  const suggestion = closestMatch(name, fieldNames)
  return suggestion
    ? `; did you mean '${suggestion}'?`
    : `; expected one of ${fieldNames.join(', ')}`
}
