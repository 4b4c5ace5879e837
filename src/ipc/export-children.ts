import type { Readable } from 'node:stream'
import { TrainyardError } from '../errors.js'
import { ChildExitError, ChildKilledError } from './child-errors.js'
import { streamFromChild } from './stream-child.js'

export interface ExportChildrenOptions {
  /** What is exported, such as `data sets`, for messages. */
  what: string
  /** The path of a script that calls `streamToParent`. */
  script: string
  maxHeapMiB: number
  /** Default: 4. */
  max?: number | undefined
}

const defaultMax = 4
const maxSilentMs = 120_000

/** Processes that make files while these are sent: one for each export, and a limited number of them. */
export class ExportChildren<Task extends object> {
  private readonly running = new Set<Readable>()
  private starting = 0

  constructor(private readonly options: ExportChildrenOptions) {}

  /**
   * Throws PREVIEW_BUSY if too many exports run, PREVIEW_INTERRUPTED if the process does not start, or ends before its first byte, and
   * what the process throws before it. A later error destroys the stream.
   */
  async open(task: Task): Promise<Readable> {
    const { what, script, maxHeapMiB, max = defaultMax } = this.options
    const count = this.running.size + this.starting
    if (count >= max) {
      const message = `${count} ${what} are being downloaded already; try again`
      throw new TrainyardError('PREVIEW_BUSY', message)
    }
    this.starting++
    try {
      const stream = await streamFromChild(task, {
        name: 'process that exports',
        script,
        execArgv: [`--max-old-space-size=${maxHeapMiB}`],
        env: {},
        maxSilentMs,
      })
      this.running.add(stream)
      stream.once('close', () => this.running.delete(stream))
      return stream
    } catch (error) {
      if (!(error instanceof ChildExitError || error instanceof ChildKilledError)) throw error
      const message = `${error.message}; try again`
      throw new TrainyardError('PREVIEW_INTERRUPTED', message, { cause: error })
    } finally {
      this.starting--
    }
  }

  close(): void {
    for (const stream of this.running) stream.destroy()
  }
}
