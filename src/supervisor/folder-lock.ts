import { createHash } from 'node:crypto'
import { chmod, mkdir, realpath, rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { TrainyardError } from '../errors.js'

/**
 * A folder with a short path for the sockets of one data folder. A socket's path may have only about
 * 100 characters, and the data folder may be on a file system without sockets.
 */
export async function socketFolder(dataFolder: string): Promise<string> {
  const name = createHash('sha256')
    .update(await realpath(dataFolder))
    .digest('hex')
    .slice(0, 16)
  const folder = join(tmpdir(), `trainyard-${userInfo().uid}`, name)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  return folder
}

/**
 * Locks a data folder for this process, or throws DATA_FOLDER_IN_USE with the holder's pid. The lock is
 * a listening socket, which the kernel closes however the process ends, so a dead process never blocks.
 */
export async function lockFolder(dataFolder: string): Promise<{ release(): Promise<void> }> {
  const path = join(await socketFolder(dataFolder), 'lock.sock')
  const server = createServer(socket => socket.end(String(process.pid)))
  for (let attempt = 1; !(await tryListen(server, path)); attempt++) {
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
  server.unref()
  return {
    release: () => new Promise(resolve => server.close(() => resolve())),
  }
}

function tryListen(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error)
    server.once('error', onError)
    server.listen(path, () => {
      server.off('error', onError)
      resolve(true)
    })
  })
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
