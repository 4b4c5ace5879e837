import { readdir, readFile, readlink } from 'node:fs/promises'

export interface ListeningPort {
  port: number
  /** Number of the socket, by which its processes are found. */
  inode: string
}

/** TCP_LISTEN of Linux's tcp_states.h. */
const listening = '0A'

/** The ports on which something listens in the network of a process; by default of this one. */
export async function listeningPorts(pid: number | 'self' = 'self'): Promise<ListeningPort[]> {
  const tables = ['tcp', 'tcp6'].map(name => readFile(`/proc/${pid}/net/${name}`, 'utf8'))
  const lines = (await Promise.all(tables)).flatMap(table => table.split('\n').slice(1))
  return lines
    .map(line => line.trim().split(/\s+/))
    .filter(fields => fields[3] === listening)
    .map(fields => ({
      port: Number.parseInt(fields[1]!.slice(fields[1]!.lastIndexOf(':') + 1), 16),
      inode: fields[9]!,
    }))
}

/** Those of the ports that a process has open. Empty if it has ended. */
export async function portsOf(pid: number, ports: readonly ListeningPort[]): Promise<number[]> {
  const folder = `/proc/${pid}/fd`
  const files = await readdir(folder).catch(() => [])
  const links = await Promise.all(files.map(file => readlink(`${folder}/${file}`).catch(() => '')))
  const open = new Set(links)
  return ports.filter(({ inode }) => open.has(`socket:[${inode}]`)).map(({ port }) => port)
}
