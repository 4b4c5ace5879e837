import { createHash } from 'node:crypto'
import { access, chmod, mkdir, realpath, rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { TrainyardError } from '../errors.js'

const restoreIntervalMs = 1000

/**
 * A folder with a short path for the sockets of one data folder. A socket's path may have only about
 * 100 characters, and the data folder may be on a file system without sockets.
 */
export async function socketFolder(dataFolder: string): Promise<string> {
  const name = createHash('sha256')
    .update(await realpath(dataFolder))
    .digest('hex')
    .slice(0, 16)
  const folder = join(tmpdir(), `trainyard-${process.getuid!()}`, name)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  return folder
}

/**
 * Locks a data folder for this process, or throws DATA_FOLDER_IN_USE with the holder's pid. The lock is
 * a listening socket, which the kernel closes however the process ends, so a dead process never blocks.
 */
export async function lockFolder(dataFolder: string): Promise<FolderLock> {
  const path = join(await socketFolder(dataFolder), 'lock.sock')
  for (let attempt = 1; ; attempt++) {
    const server = await listen(path)
    if (server) return new FolderLock(path, server)
    const holder = await readHolder(path)
    if (holder !== null || attempt > 3) {
      const who = holder ? ` (process ${holder})` : ''
      throw new TrainyardError(
        'DATA_FOLDER_IN_USE',
        `another Trainyard${who} uses the data folder ${dataFolder}; stop it, or choose another with TRAINYARD_DATA`,
      )
    }
    await rm(path, { force: true })
  }
}

class FolderLock {
  private readonly timer = setInterval(() => void this.restore(), restoreIntervalMs).unref()

  constructor(
    private readonly path: string,
    private server: Server,
  ) {}

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
      this.server = (await listen(this.path)) ?? this.server
    } catch {
      // the next check tries again
    }
  }
}

/** Returns null if the path exists. */
function listen(path: string): Promise<Server | null> {
  const server = createServer(socket => socket.end(String(process.pid)))
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

/** Pid of the process that holds the lock; null if none does. */
function readHolder(path: string): Promise<string | null> {
  return new Promise(resolve => {
    const socket = connect(path)
    let answer = ''
    socket.setEncoding('utf8')
    socket.on('data', text => {
      answer += text
    })
    socket.on('error', () => resolve(null))
    socket.on('end', () => resolve(answer))
  })
}
