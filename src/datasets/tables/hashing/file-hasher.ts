import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { scriptPath } from '../../../places.js'
import { chunkBytes, HashChunks } from './hash-chunks.js'

/** The SHA-256 of a file that is written piece by piece. Node's Hash is one. */
export interface FileHash {
  update(piece: Uint8Array): unknown
  digest(encoding: 'hex'): string
}

/** A thread takes longer to start than to hash what comes of smaller files. */
const minThreadBytes = 64 * 2 ** 20

/** Hashes the files of a table, one after the other: in another thread once it has started. */
export class FileHasher implements Disposable {
  private readonly chunks = new HashChunks(new SharedArrayBuffer(HashChunks.bytes))
  private readonly thread: Worker | null

  /** `fileBytes`: of the files that the table is read from. */
  constructor(fileBytes: number) {
    this.thread =
      fileBytes >= minThreadBytes && availableParallelism() > 1 ? startThread(this.chunks) : null
  }

  /** True if the next file is hashed by the thread. */
  get hasThread(): boolean {
    return this.thread !== null && this.chunks.isReady
  }

  /** The hash of the next file, after the one before is complete. */
  next(): FileHash {
    return this.hasThread ? new ThreadHash(this.chunks) : createHash('sha256')
  }

  [Symbol.dispose](): void {
    void this.thread?.terminate()
  }
}

class ThreadHash implements FileHash {
  private chunk: Uint8Array | null = null
  private filled = 0

  constructor(private readonly chunks: HashChunks) {}

  /** Copies the piece. */
  update(piece: Uint8Array): void {
    for (let done = 0; done < piece.length; ) {
      this.chunk ??= this.chunks.next()
      const part = piece.subarray(done, done + chunkBytes - this.filled)
      this.chunk.set(part, this.filled)
      this.filled += part.length
      done += part.length
      if (this.filled === chunkBytes) this.give(false)
    }
  }

  digest(): string {
    this.chunk ??= this.chunks.next()
    this.give(true)
    return this.chunks.hash().toString('hex')
  }

  private give(isLast: boolean): void {
    this.chunks.give(this.filled, isLast)
    this.chunk = null
    this.filled = 0
  }
}

function startThread({ memory }: HashChunks): Worker {
  const limits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 }
  const script = scriptPath('src/datasets/tables/hashing/hash-thread')
  const thread = new Worker(script, { workerData: memory, resourceLimits: limits })
  thread.unref()
  // a thread that does not start is not ready, and then its work is done here
  thread.on('error', () => {})
  return thread
}
