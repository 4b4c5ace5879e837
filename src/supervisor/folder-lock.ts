import { access, chmod, mkdir, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { dirname } from 'node:path'
import { TrainyardError } from '../errors.js'
import { holderAnswer, lockSocket, readHolder, socketFolderPath } from '../folder-holder.js'

const restoreIntervalMs = 1000

/**
 * A folder with a short path for the sockets of one data folder. A socket's path may have only about
 * 100 characters, and the data folder may be on a file system without sockets.
 */
export async function socketFolder(dataFolder: string): Promise<string> {
  const folder = await socketFolderPath(dataFolder)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  return folder
}

/**
 * Locks a data folder for this process, or throws DATA_FOLDER_IN_USE with the holder's pid. The lock is
 * a listening socket, which the kernel closes however the process ends, so a dead process never blocks.
 */
export async function lockFolder(dataFolder: string): Promise<FolderLock> {
  const path = lockSocket(await socketFolder(dataFolder))
  const held: HeldFolder = { url: null }
  for (let attempt = 1; ; attempt++) {
    const server = await listen(path, held)
    if (server) return new FolderLock(path, server, held)
    const holder = await readHolder(path)
    if (holder !== null || attempt > 3) {
      const who = holder?.pid ? ` (process ${holder.pid})` : ''
      throw new TrainyardError(
        'DATA_FOLDER_IN_USE',
        `another Trainyard${who} uses the data folder ${dataFolder}; stop it, or choose another with TRAINYARD_DATA`,
      )
    }
    await rm(path, { force: true })
  }
}

/** What the lock tells about its holder. */
interface HeldFolder {
  url: string | null
}

class FolderLock {
  private readonly timer = setInterval(() => void this.restore(), restoreIntervalMs).unref()

  constructor(
    private readonly path: string,
    private server: Server,
    private readonly held: HeldFolder,
  ) {}

  /** From now on, the lock says where the server listens: `trainyard status` and others on this machine ask it. */
  tellUrl(url: string): void {
    this.held.url = url
  }

  async release(): Promise<void> {
    clearInterval(this.timer)
    await close(this.server)
  }

  /** Programs that tidy up temporary folders may remove the socket; a second start would then succeed. */
  private async restore(): Promise<void> {
    try {
      if (await access(this.path).then(() => true, ignoreMissing)) return
      // first, since closing removes whatever has the path
      await close(this.server)
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 })
      this.server = (await listen(this.path, this.held)) ?? this.server
    } catch {
      // the next check tries again
    }
  }
}

/** Returns null if the path exists. */
function listen(path: string, held: HeldFolder): Promise<Server | null> {
  const server = createServer(socket => socket.end(holderAnswer(held.url)))
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    )
    server.listen(path, () => resolve(server.unref()))
  })
}

const close = (server: Server) => new Promise<void>(resolve => server.close(() => resolve()))

function ignoreMissing(error: NodeJS.ErrnoException): false {
  if (error.code === 'ENOENT') return false
  throw error
}
