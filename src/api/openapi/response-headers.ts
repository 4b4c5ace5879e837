import type { SchemaObject } from './schema-object.js'

declare module 'fastify' {
  interface FastifySchema {
    /** Headers of the answers of this operation by status, besides those that `commonHeaders` adds. */
    responseHeaders?: Readonly<Record<number, readonly ResponseHeader[]>>
  }
}

const text = (description: string, example: string) => ({
  description,
  schema: { type: 'string' },
  example,
})

/** Headers by their name in the document's `components`. */
const responseHeaders = {
  Location: text('path of what was made', '/jobs/job-01k9zq4t7mhg2s8v5x3c6b1n0d'),
  'Idempotency-Replayed': text(
    'true if an earlier request with the same Idempotency-Key made the job; else absent',
    'true',
  ),
  'Content-Disposition': text('the name of the file', 'attachment; filename="digits-1.tar"'),
  'Text-Columns': text(
    'the columns of text, which are left out, as JSON; of many, the first. GET /datasets/:id has all',
    '["comment"]',
  ),
  'Model-Version': {
    description: 'the version that predicted, with CSV, Arrow and PNG',
    schema: { type: 'integer' },
    example: 3,
  },
  'Prediction-Notes': text(
    'the notes, as JSON in ASCII, with CSV, Arrow and PNG; of many, the first',
    '[{"code":"images_resized","message":"1 of 1 images is resized"}]',
  ),
  Explanation: text(
    'with PNG, what JSON says of the explanation but its map, as JSON in ASCII',
    '{"picture":"overlay","method":"gradCam","target":{"label":"rose","index":1,"logit":4.2,"probability":0.97}}',
  ),
  'Inference-Header-Content-Length': text(
    'the length of the JSON at the beginning of the body, if binary tensors follow it; else absent',
    '183',
  ),
  'Set-Cookie': text(
    'the session, of which scripts see nothing',
    'trainyard_session=ts_…; Path=/; HttpOnly; SameSite=Strict; Secure',
  ),
  ETag: text(
    'what the answer is: send it in If-None-Match, and an equal answer is 304, without a body',
    'W/"t5wqPZ1lTnrLQBkQNDCeRkJm9Ac"',
  ),
  'Preference-Applied': text('of Prefer, what the server does', 'respond-async'),
  'Tus-Resumable': text('the version of the protocol', '1.0.0'),
  'Upload-Offset': text('how many bytes there are', '1048576'),
  'Upload-Expires': text('when the upload is removed', 'Mon, 02 Mar 2026 09:00:00 GMT'),
  'X-Request-Id': text(
    "the id of the request, which the server's log has too",
    '3f1c9a52-7c0f-4a53-9d27-0b8f6f0f2f5e',
  ),
  'Retry-After': {
    description: 'seconds to wait before the same request may succeed',
    schema: { type: 'integer', minimum: 0 },
    example: 5,
  },
  'WWW-Authenticate': text('how to send the key', 'Bearer'),
}
export type ResponseHeader = keyof typeof responseHeaders

export const headerComponents: Record<string, SchemaObject> = responseHeaders

const headersOf = (names: readonly ResponseHeader[]): SchemaObject =>
  Object.fromEntries(names.map(name => [name, { $ref: `#/components/headers/${name}` }]))

/** The headers of an answer with a status such as 200 or 4XX. */
export const headersFor = (status: string, own: readonly ResponseHeader[] = []): SchemaObject =>
  headersOf([...own, ...commonHeaders(status)])

function commonHeaders(status: string): ResponseHeader[] {
  const always: ResponseHeader[] = ['X-Request-Id']
  if (status === '503' || status === '5XX') return [...always, 'Retry-After']
  if (status === '4XX') return [...always, 'WWW-Authenticate']
  return always
}
