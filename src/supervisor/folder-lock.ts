import { createHash } from 'node:crypto'
import { chmod, mkdir, realpath, rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { TrainyardError } from '../errors.js'

/**
 * A short path for the sockets of one data folder: sockets have room for about 100 characters, and
 * a data folder may lie deep, or on a file system without sockets.
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
 * Holds a data folder for this process. The lock is a listening socket: the kernel lets go of it when
 * the process ends, however it ends, so a lock that nobody holds never blocks.
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

/** The process that listens there; null where nobody does. */
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
