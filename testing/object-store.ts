// SeaweedFS, whose S3 server tests read from. `npm test` installs it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { eventually } from './eventually.js'
import { freePort } from './free-port.js'
import { pythonPackages } from './python-packages.js'

const packages = pythonPackages('object-store.json', 'SeaweedFS')

/** Options of a test that starts it. */
export const needsObjectStore = packages.needed

export interface ObjectStore {
  endpoint: string
  accessKey: string
  secretKey: string
  /** Null once the test has ended. */
  pid(): number | null
  /** Kills it, and starts it again with the same data and ports; resolves when it answers. */
  restart(): Promise<void>
}

/** It takes 10 s to start, and many times as long beside other tests. */
const patience = { timeoutMs: 180_000, intervalMs: 200 }

/** Starts one for a test, on loopback, with its data in `folder`. `isOpen`: it checks no signatures. */
export async function startObjectStore(
  t: { after(work: () => Promise<void>): void },
  folder: string,
  { isOpen = false } = {},
): Promise<ObjectStore> {
  if (needsObjectStore.skip) throw new Error(needsObjectStore.skip)
  const [accessKey, secretKey] = ['test-key', 'test-secret']
  const credentials = [{ accessKey, secretKey }]
  const config = join(folder, 's3.json')
  const identities = [{ name: 'test', credentials, actions: ['Admin', 'Read', 'List', 'Write'] }]
  await writeFile(config, JSON.stringify({ identities }))
  const s3Port = await freePort()
  const ports = [`-s3.port=${s3Port}`, `-s3.port.grpc=${await freePort()}`]
  for (const part of ['master', 'volume', 'filer'])
    ports.push(`-${part}.port=${await freePort()}`, `-${part}.port.grpc=${await freePort()}`)
  const start = () =>
    spawn(
      join(packages.folder, 'bin', 'weed'),
      [
        ...['server', '-s3', '-filer', `-dir=${folder}`, '-ip=127.0.0.1'],
        ...(isOpen ? [] : [`-s3.config=${config}`]),
        // its other servers have fixed ports, which two tests cannot share
        ...['-s3.port.iceberg=0', '-s3.port.lance=0'],
        ...['-ip.bind=127.0.0.1', '-master.volumeSizeLimitMB=64', '-volume.max=8', ...ports],
      ],
      { stdio: 'ignore', cwd: folder },
    )
  let server: ChildProcess | null = start()
  const kill = async () => {
    const killed = server
    server = null
    killed?.kill('SIGKILL')
    if (killed && killed.exitCode === null && killed.signalCode === null) await once(killed, 'exit')
  }
  t.after(kill)
  const endpoint = `http://127.0.0.1:${s3Port}`
  const answers = async () => {
    const answer = await fetch(endpoint).catch(() => null)
    return answer !== null && answer.status < 500
  }
  const untilReady = () => eventually('SeaweedFS to answer', answers, patience)
  await untilReady()
  return {
    endpoint,
    accessKey,
    secretKey,
    pid: () => server?.pid ?? null,
    async restart() {
      await kill()
      server = start()
      await untilReady()
    },
  }
}

/** Makes a bucket in it, and lets the AWS SDK of this process and its children find the credentials, as an operator would. */
export async function makeBucket(
  { endpoint, accessKey, secretKey }: ObjectStore,
  bucket: string,
): Promise<NodeJS.ProcessEnv> {
  const environment = { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey }
  Object.assign(process.env, environment)
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true })
  const create = () =>
    client.send(new CreateBucketCommand({ Bucket: bucket })).then(
      () => true,
      () => false,
    )
  await eventually('a bucket', create, patience)
  client.destroy()
  return { ...environment, AWS_ENDPOINT_URL_S3: endpoint }
}
