// Which server uses a data folder: the lock of the folder is a socket, which answers with its holder.
import { createHash } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface FolderHolder {
  /** Of the supervisor; 0 if it did not say. */
  pid: number
  /** Where the server listens; null while it starts. */
  url: string | null
}

/** The path of the folder with the sockets of a data folder, which must exist. */
export async function socketFolderPath(dataFolder: string): Promise<string> {
  const name = createHash('sha256')
    .update(await realpath(dataFolder))
    .digest('hex')
    .slice(0, 16)
  return join(tmpdir(), `trainyard-${process.getuid!()}`, name)
}

export const lockSocket = (socketFolder: string): string => join(socketFolder, 'lock.sock')

/** The server of this user and machine that uses a data folder; null if none does, or there is no such folder. */
export async function findHolder(dataFolder: string): Promise<FolderHolder | null> {
  const sockets = await socketFolderPath(dataFolder).catch(() => null)
  return sockets === null ? null : readHolder(lockSocket(sockets))
}

/** Null if no process listens on the socket. */
export function readHolder(socketPath: string): Promise<FolderHolder | null> {
  return new Promise(resolve => {
    const socket = connect(socketPath)
    let answer = ''
    socket.setEncoding('utf8')
    socket.on('data', text => {
      answer += text
    })
    socket.on('error', () => resolve(null))
    socket.on('end', () => {
      const [pid, url] = answer.split('\n')
      resolve({ pid: Number(pid), url: url || null })
    })
  })
}

/** What the lock's socket answers. */
export const holderAnswer = (url: string | null): string => `${process.pid}\n${url ?? ''}`
