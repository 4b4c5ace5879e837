import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { openSession, type Runtime, type Session } from '../graph/session.js'
import type { ImageBatch, LoadedNetwork, NetworkOutput } from './network.js'

const signature = 'serving_default'

/** Loads a SavedModel with the signature `serving_default` into a TensorFlow session. */
export async function openTensorFlowNetwork(tf: Runtime, folder: string): Promise<LoadedNetwork> {
  const bytes = await folderBytes(folder)
  return new TensorFlowNetwork(await openSession(tf, folder), bytes)
}

class TensorFlowNetwork implements LoadedNetwork {
  readonly runtime = 'tensorflow'
  readonly precision = 'fp32'

  constructor(
    private readonly session: Session,
    readonly bytes: number,
  ) {}

  /** Blocks this thread until TensorFlow has the answer. */
  async run({ data, shape }: ImageBatch): Promise<NetworkOutput> {
    const pixels = data instanceof Float32Array ? data : Float32Array.from(data)
    const result = this.session.run(signature, { images: { data: pixels, shape } })
    const [logits, probabilities] = [result.floats('logits'), result.floats('probabilities')]
    return { logits, probabilities, classes: result.get('probabilities').shape[1]! }
  }

  close(): void {
    this.session.close()
  }
}

async function folderBytes(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  const sizes = files
    .filter(entry => entry.isFile())
    .map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
