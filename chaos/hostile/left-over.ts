import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '../../src/client/client.js'
import type { ChaosDeployment, ProcessRole } from '../deployment.js'

const graceMs = 30_000

/** How many processes of each kind a server at rest has at most: one trainer per slot, and a spare one each. */
const maxProcesses: Partial<Record<ProcessRole, number>> = {
  supervisor: 1,
  api: 1,
  worker: 1,
  redis: 1,
  planner: 2,
  predictor: 4,
  trainer: 4,
  checkpointExporter: 1,
  preview: 1,
  conversion: 0,
  derivation: 0,
  comparison: 0,
  datasetExport: 0,
  modelExport: 0,
}

/** What is left of the hostile clients after they have gone, and 30 s to clear it away. */
export async function findLeftOver(deployment: ChaosDeployment, client: Client): Promise<string[]> {
  let left: string[] = []
  for (const since = Date.now(); Date.now() - since < graceMs; await sleep(500)) {
    left = (
      await Promise.all([
        connections(deployment),
        staged(deployment),
        processes(deployment),
        jobs(client),
      ])
    ).flat()
    if (left.length === 0) return []
  }
  return left
}

/** What a checkpoint predicts from: a network, or trees. */
const servedFiles = ['saved_model', 'model.ubj']

const states: Readonly<Record<string, string>> = {
  '01': 'established',
  '03': 'half open',
  '08': 'closed by the client only',
}

/**
 * Connections that the server still holds though their client has gone, from Linux's list. Those that
 * only wait for a timer of TCP do not count, nor those that this process keeps open itself.
 */
async function connections({ port }: ChaosDeployment): Promise<string[]> {
  const server = hexPort(port)
  const lines = (await readFile('/proc/net/tcp', 'utf8')).trim().split('\n').slice(1)
  const all = lines.map(line => {
    const [, from = '', to = '', state = '', , , , , , inode = ''] = line.trim().split(/\s+/)
    return { from: from.slice(-4), to: to.slice(-4), state, socket: `socket:[${inode}]` }
  })
  const mine = new Set(await ownSockets())
  const ours = new Set(all.filter(({ socket }) => mine.has(socket)).map(({ from }) => from))
  return all
    .filter(({ from, to, state }) => from === server && state in states && !ours.has(to))
    .map(({ state }) => `a connection, ${states[state]}`)
}

async function ownSockets(): Promise<string[]> {
  const folder = '/proc/self/fd'
  const descriptors = await readdir(folder)
  return Promise.all(descriptors.map(fd => readlink(join(folder, fd)).catch(() => '')))
}

const hexPort = (port: number) => port.toString(16).toUpperCase().padStart(4, '0')

/** Beside checkpoints that predict, which the API keeps there while it runs. */
async function staged({ folder }: ChaosDeployment): Promise<string[]> {
  const staging = join(folder, '.staging')
  const names = await readdir(staging).catch(() => [])
  const all = names.map(async name => {
    const files = await readdir(join(staging, name)).catch(() => [])
    return files.some(file => servedFiles.includes(file)) ? [] : [`.staging/${name}`]
  })
  return (await Promise.all(all)).flat()
}

async function processes(deployment: ChaosDeployment): Promise<string[]> {
  const roles = Object.entries(maxProcesses) as [ProcessRole, number][]
  const counts = await Promise.all(
    roles.map(async ([role, max]) => [role, max, await deployment.find(role)] as const),
  )
  return counts.flatMap(([role, max, pids]) => pids.slice(max).map(pid => `${role} ${pid}`))
}

async function jobs(client: Client): Promise<string[]> {
  const lists = ['queued', 'running'].map(status => client.jobs.list({ status, limit: '100' }))
  return (await Promise.all(lists)).flatMap(({ items }) =>
    items.map(({ id, status }) => `job ${id}, ${status}`),
  )
}
