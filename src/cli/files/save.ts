import { createWriteStream } from 'node:fs'
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { formatBytes } from '../../presentation/units.js'
import type { Cli } from '../cli.js'
import { exitCodes } from '../exit-codes.js'
import { CommandError, usageError } from '../failure.js'
import { ProgressBar } from '../terminal/progress-bar.js'
import { Rate } from '../terminal/rate.js'

export interface SaveOptions {
  /** Whether a file that is there may be replaced. */
  force: boolean
}

/** Refuses to replace a file, before anything is asked of the server. */
export async function assertFree(path: string, { force }: SaveOptions): Promise<void> {
  if (force || path === '-') return
  const isThere = await access(path).then(
    () => true,
    () => false,
  )
  if (isThere)
    throw usageError(`'${path}' is there already; --force replaces it, or -o FILE names another`)
}

/**
 * Writes the body of an answer to a file as it arrives. The file has its name only when it is whole: until then it is
 * `FILE.part`, which is removed if something fails. `-` is stdout. Returns the bytes.
 */
export async function saveBody(
  cli: Cli,
  answer: Response,
  path: string,
  options: SaveOptions,
): Promise<number> {
  const total = Number(answer.headers.get('content-length')) || null
  const bar = new ProgressBar(cli.streams.stderr, cli.environment)
  const rate = new Rate()
  let done = 0
  const draw = () => {
    const perSecond = rate.add(done)
    bar.draw({
      what: `receiving ${path === '-' ? 'the file' : path}`,
      fraction: total === null ? null : done / total,
      amount: total === null ? formatBytes(done) : `${formatBytes(done)} of ${formatBytes(total)}`,
      rate: perSecond === null ? null : `${formatBytes(perSecond)}/s`,
      secondsLeft: perSecond && total !== null ? (total - done) / perSecond : null,
    })
  }
  // a listener for `data` would let chunks flow before the file is open
  async function* counted() {
    for await (const chunk of Readable.fromWeb(answer.body as ReadableStream<Uint8Array>)) {
      done += (chunk as Uint8Array).length
      draw()
      yield chunk as Uint8Array
    }
  }
  const body = Readable.from(counted())
  try {
    await (path === '-' ? toStdout(cli, body) : toFile(cli, body, path, options))
  } finally {
    bar.clear()
  }
  if (total !== null && done !== total) {
    throw broken(path, `${formatBytes(done)} of ${formatBytes(total)} arrived`)
  }
  return done
}

/** Writes a content that has arrived. */
export async function saveText(
  path: string,
  content: string | Uint8Array,
  options: SaveOptions,
): Promise<void> {
  const part = `${path}.part`
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(part, content)
    await assertFree(path, options)
    await rename(part, path)
  } catch (error) {
    await rm(part, { force: true }).catch(() => {})
    throw error instanceof CommandError ? error : writeFailure(path, error)
  }
}

async function toFile(cli: Cli, body: Readable, path: string, options: SaveOptions) {
  const part = `${path}.part`
  try {
    await mkdir(dirname(path), { recursive: true })
    await pipeline(body, createWriteStream(part), { signal: cli.interrupted })
    // a file that another process has made meanwhile
    await assertFree(path, options)
    await rename(part, path)
  } catch (error) {
    await rm(part, { force: true }).catch(() => {})
    if (error instanceof CommandError) throw error
    if (cli.interrupted.aborted) {
      throw new CommandError(`stopped; nothing is left of ${path}`, exitCodes.interrupted)
    }
    throw writeFailure(path, error)
  }
}

async function toStdout(cli: Cli, body: Readable): Promise<void> {
  const { stdout } = cli.streams
  for await (const chunk of body) {
    cli.interrupted.throwIfAborted()
    if (!stdout.write(chunk)) await new Promise(resolve => stdout.once('drain', resolve))
  }
}

function writeFailure(path: string, error: unknown): CommandError {
  const { code, message } = error as NodeJS.ErrnoException
  const isOfDisk = code !== undefined && /^E[A-Z]+$/.test(code) && !/^E(CONN|PIPE|TIMED)/.test(code)
  if (!isOfDisk) return broken(path, message)
  const cure = code === 'ENOSPC' ? 'the disk is full' : code
  return new CommandError(`${path} cannot be written: ${cure}`, exitCodes.usage, { cause: error })
}

const broken = (path: string, reason: string) =>
  new CommandError(
    `the connection ended before ${path} was whole (${reason}); nothing is left of it: run the command again`,
    exitCodes.unreachable,
  )
