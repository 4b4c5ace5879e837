// What POST /datasets does with a form, and with JSON.
import type { FastifyReply, FastifyRequest, FastifySchemaCompiler } from 'fastify'
import { Check } from 'typebox/value'
import { addFormError } from '../../datasets/errors.js'
import { type UploadForm, validateForm } from '../../datasets/form.js'
import type { Imports } from '../../datasets/imports/imports.js'
import { describeSource, type Sources } from '../../datasets/sources/sources.js'
import type { UploadResult } from '../../datasets/upload.js'
import { FieldErrors, isMissing } from '../../errors.js'
import { DatasetRequest } from '../../spec/dataset-request.js'
import { receiveUpload } from '../http/form-upload.js'
import { invalidRequest } from '../http/http-error.js'
import type { Limits } from '../http/limits.js'
import { compileValidator } from '../http/validation.js'

export interface MakingDeps {
  imports: Pick<Imports, 'beginUpload' | 'record'>
  sources: Pick<Sources, 'check' | 'gather' | 'removeUsed'>
  limits: Limits
}

/** Receives a form's files, which make a data set after that. */
export async function importForm(
  { imports, limits }: MakingDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  fieldNames: readonly (keyof UploadForm)[],
) {
  let onReceived = () => {}
  const received = new Promise<void>(resolve => {
    onReceived = resolve
  })
  const about = { status: 'receiving' as const, source: ['a form'], name: null }
  const started = await imports.beginUpload(about, async (running, upload) => {
    const bytes = Number(request.headers['content-length'] ?? Number.NaN)
    if (Number.isFinite(bytes)) {
      running.expect(bytes)
      await upload.expect(bytes)
    }
    const { uploadIdleTimeoutMs } = limits
    const fields = await receiveUpload(request, reply, upload, fieldNames, uploadIdleTimeoutMs)
    running.setName(fields.name ?? null)
    onReceived()
    return upload.commit(fields)
  })
  await Promise.race([received, started.result])
  return started
}

/** Makes a data set of what the body names. Fastify does not validate a request without a body, or its type. */
export async function importSources({ imports, sources }: MakingDeps, body: unknown) {
  if (!Check(DatasetRequest, body)) {
    const message = 'the body is expected to be a form with files, or JSON with source or sources'
    throw invalidRequest('', 'required', message)
  }
  const { source, sources: several, ...options } = body
  if ((source === undefined) === (several === undefined)) {
    const message = 'is expected, or sources for several places, but not both'
    const errors = new FieldErrors()
    addFormError(errors, 'source', message)
    errors.throwIfAny('DATASET_FORM')
  }
  const all = several ?? [source!]
  const form = toFormFields(options)
  validateForm(form)
  await sources.check(all)
  const described = all.slice(0, 10).map(describeSource)
  const about = { status: 'fetching' as const, source: described, name: options.name ?? null }
  return imports.beginUpload(about, async (running, upload) => {
    const { signal } = running
    await sources.gather(all, upload, { signal, onExpected: bytes => running.expect(bytes) })
    const result = await upload.commit(form)
    await sources.removeUsed(all)
    return result
  })
}

/** For an import that has ended, and left no record. */
export function nullIfMissing(error: unknown): null {
  if (isMissing(error)) return null
  throw error
}

/** Options in JSON as the fields of a form. */
const toFormFields = (options: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  )

/** Null if the signal aborts first. */
export const resultOrNull = (result: Promise<UploadResult>, signal: AbortSignal) =>
  new Promise<UploadResult | null>((resolve, reject) => {
    if (signal.aborted) resolve(null)
    signal.addEventListener('abort', () => resolve(null), { once: true })
    result.then(resolve, reject)
  })

/** A form is read and checked as it arrives. */
export const skipFormValidation: FastifySchemaCompiler<object> = routeSchema =>
  routeSchema.contentType === 'multipart/form-data' ? () => true : compileValidator(routeSchema)
