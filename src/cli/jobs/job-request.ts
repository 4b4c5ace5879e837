import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { exitCodes } from '../exit-codes.js'
import { CommandError, usageError } from '../failure.js'
import { parseLabels } from '../option-values.js'
import { applySetting, type JsonObject } from './settings.js'

export interface RequestOptions {
  name?: string
  model?: string
  dataset?: string
  label?: string[]
  priority?: number
  set?: string[]
}

/**
 * The body of the request: what the file says, changed by options, which are changed by `--set`. The server checks it,
 * so only what is no JSON object is refused here.
 */
export async function readRequest(
  file: string | undefined,
  options: RequestOptions,
  stdin: NodeJS.ReadStream,
): Promise<JsonObject> {
  const request: JsonObject = file === undefined ? {} : parseJob(await readText(file, stdin), file)
  const { name, model, dataset, label = [], priority, set = [] } = options
  if (name !== undefined) request.name = name
  if (model !== undefined) applySetting(request, `model.kind=${model}`)
  if (dataset !== undefined) request.dataset = dataset
  if (priority !== undefined) request.priority = priority
  for (const [key, value] of Object.entries(parseLabels(label))) {
    applySetting(request, `labels.${key.replaceAll('.', '\\.')}=${value}`)
  }
  for (const setting of set) applySetting(request, setting)
  if (file === undefined && Object.keys(request).length === 0) {
    throw usageError(
      'no job: name a file (`-` for stdin), or describe one: trainyard submit --model resnet --dataset NAME',
    )
  }
  return request
}

async function readText(file: string, stdin: NodeJS.ReadStream): Promise<string> {
  if (file === '-') return text(stdin)
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'there is no such file' : (error.code ?? error.message)
    throw new CommandError(`cannot read ${file}: ${reason}`, exitCodes.usage)
  })
}

function parseJob(source: string, file: string): JsonObject {
  const where = file === '-' ? 'what stdin has' : file
  let value: unknown
  try {
    // some editors begin a file with a byte order mark
    value = JSON.parse(source.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw usageError(`${where} is no JSON: ${(error as Error).message}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw usageError(
      `${where} is no job: expected an object such as {"model": {"kind": "resnet"}, "dataset": "…"}`,
    )
  }
  return value as JsonObject
}
