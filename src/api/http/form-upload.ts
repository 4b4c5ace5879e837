import type { FastifyReply, FastifyRequest } from 'fastify'
import { closestMatch } from './did-you-mean.js'
import { invalidRequest, unknownField } from './http-error.js'
import { readForm } from './multipart.js'

interface FileSink {
  addFile(name: string, content: AsyncIterable<Uint8Array>): Promise<void>
}

/** Streams a form's files into an upload, and returns its fields, which may come before or after them. */
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
        throw invalidRequest(`/${name}`, 'duplicate', `field '${name}' is given twice`)
      fields[known] = value
    },
  })
  if (files === 0) throw invalidRequest('/file', 'required', 'the form has no file')
  // the conversion may take longer than the idle timeout
  request.raw.setTimeout(0)
  return fields
}

/** Cuts off a client that stops sending: its upload holds a connection and a staged folder. */
function enforceIdleTimeout(
  { raw }: FastifyRequest,
  reply: FastifyReply,
  idleTimeoutMs: number,
): void {
  // On the reply, not the request: after a complete request, Node does not call the request's listeners
  // and destroys the socket.
  reply.raw.setTimeout(idleTimeoutMs, () => {
    // the client waits for the response
    if (raw.complete) return
    // the client waits until its data is on disk
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
