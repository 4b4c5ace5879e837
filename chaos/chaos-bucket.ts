import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { disk } from '../src/store/disk.js'
import { Bucket } from '../src/store/s3/bucket.js'
import { openBucketStore } from '../src/store/s3/bucket-store.js'
import type { Store } from '../src/store/store.js'
import { makeBucket, type ObjectStore, startObjectStore } from '../testing/object-store.js'
import { type S3Proxy, startS3Proxy } from '../testing/s3-proxy.js'

const name = 'chaos'
const prefix = 'trainyard/'

/** A bucket of a SeaweedFS of its own, which a deployment reaches through a proxy that injects faults. */
export class ChaosBucket {
  private constructor(
    /** Apart from the deployment's, whose processes are recognized by their folder. */
    private readonly folder: string,
    readonly server: ObjectStore,
    readonly proxy: S3Proxy,
    private readonly credentials: NodeJS.ProcessEnv,
    private readonly ends: readonly (() => unknown)[],
  ) {}

  static async start(): Promise<ChaosBucket> {
    const folder = await mkdtemp(join(tmpdir(), 'trainyard-chaos-bucket-'))
    const ends: (() => unknown)[] = []
    const t = { after: (work: () => unknown) => void ends.push(work) }
    const server = await startObjectStore(t, folder)
    const credentials = await makeBucket(server, name)
    const proxy = await startS3Proxy(t, server.endpoint)
    return new ChaosBucket(folder, server, proxy, credentials, ends)
  }

  /** What a deployment is given. */
  get settings(): NodeJS.ProcessEnv {
    return {
      ...this.credentials,
      AWS_ENDPOINT_URL_S3: this.proxy.endpoint,
      TRAINYARD_STORE: `s3://${name}/${prefix}`,
    }
  }

  /** The bucket itself, without faults. */
  open(): Bucket {
    return new Bucket(this.place)
  }

  /** As a host sees it that has its local files in `dataFolder`. */
  openStore(dataFolder: string): Promise<Store> {
    const { place } = this
    return openBucketStore({ place, dataFolder, cacheBytes: null, keepsFolders: true }, disk)
  }

  async destroy(keep: boolean): Promise<void> {
    for (const end of this.ends.toReversed()) await end()
    if (keep) console.error(`kept: ${this.folder}`)
    else await rm(this.folder, { recursive: true, force: true })
  }

  private get place() {
    return { bucket: name, prefix, endpoint: this.server.endpoint, region: 'us-east-1' }
  }
}
