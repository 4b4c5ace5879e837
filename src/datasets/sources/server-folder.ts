import type { Dirent } from 'node:fs'
import { lstat, readdir, realpath } from 'node:fs/promises'
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { quoteTruncated, TrainyardError } from '../../errors.js'
import { errorCode, ignoreCodes } from '../../store/storage-errors.js'
import { identityOf } from '../input-file.js'
import type { DatasetLimits } from '../limits.js'
import type { SourceFile } from '../source-file.js'
import { sourceFailed, sourceRefused } from './errors.js'

const maxDepth = 32

/**
 * The files of a path below one of `roots`, with their paths relative to it as names, sorted. They are read where
 * they are. Links are followed if they lead to a file below the same root. Throws SOURCE_REFUSED, SOURCE_FAILED or
 * DATASET_TOO_LARGE.
 */
export async function listServerFiles(
  path: string,
  roots: readonly string[],
  limits: DatasetLimits,
): Promise<SourceFile[]> {
  const { root, target } = await findTarget(path, roots)
  const found = await lstat(target)
  const walk = new Walk(root, target, limits)
  if (found.isDirectory()) await walk.addFolder(target, 0)
  else await walk.addFile(target, basename(target))
  return walk.files
}

async function findTarget(path: string, roots: readonly string[]) {
  if (roots.length === 0) {
    const message =
      'the server reads no files of its own disk; start it with TRAINYARD_DATA_ROOTS, the folders that it may read, separated by colons'
    throw sourceRefused(message)
  }
  const isOdd = path === '' || path.includes('\0') || path.split(/[/\\]/).includes('..')
  if (isOdd) throw sourceRefused("the path is empty, or has '..' in it; give the path itself")
  for (const root of roots) {
    const candidate = isAbsolute(path) ? resolve(path) : join(root, path)
    if (!isBelow(candidate, root)) continue
    const realRoot = await realpath(root).catch(ignoreCodes(null, 'ENOENT', 'ENOTDIR', 'EACCES'))
    const target =
      realRoot === null ? null : await realpath(candidate).catch(error => unreadable(error, path))
    if (realRoot === null || target === null) continue
    if (!isBelow(target, realRoot)) throw leadsOut(path)
    return { root: realRoot, target }
  }
  if (!isAbsolute(path) || roots.some(root => isBelow(resolve(path), root)))
    throw sourceFailed(`there is no ${quoteTruncated(path, 200)}`)
  const message = `${quoteTruncated(path, 200)} is not below a folder of TRAINYARD_DATA_ROOTS`
  throw sourceRefused(message)
}

/** Files of one source, as they are found. */
class Walk {
  readonly files: SourceFile[] = []
  private bytes = 0

  constructor(
    private readonly root: string,
    private readonly base: string,
    private readonly limits: DatasetLimits,
  ) {}

  async addFolder(folder: string, depth: number): Promise<void> {
    if (depth > maxDepth) throw tooLarge(`the folder is nested more than ${maxDepth} levels deep`)
    const entries = await readdir(folder, { withFileTypes: true }).catch(error => {
      throw unreadableFile(error, this.nameOf(folder))
    })
    for (const entry of entries.sort(byName)) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) await this.addFolder(path, depth + 1)
      else await this.addFile(path, this.nameOf(path))
    }
  }

  async addFile(path: string, name: string): Promise<void> {
    const target = await realpath(path).catch(error => {
      throw unreadableFile(error, name)
    })
    if (!isBelow(target, this.root)) throw leadsOut(name)
    const found = await lstat(target)
    if (found.isDirectory())
      throw sourceRefused(
        `${quoteTruncated(name, 200)} is a link to a folder; links to files are followed`,
      )
    if (!found.isFile()) throw sourceRefused(`${quoteTruncated(name, 200)} is no regular file`)
    this.bytes += found.size
    const { folderFiles, uploadBytes } = this.limits
    if (this.files.length === folderFiles)
      throw tooLarge(`the folder has more than ${folderFiles} files`)
    if (this.bytes > uploadBytes) throw tooLarge(`the files have more than ${uploadBytes} bytes`)
    this.files.push({ name, path: target, identity: identityOf(found) })
  }

  private nameOf(path: string): string {
    return relative(this.base, path).split(sep).join('/')
  }
}

/** By code point, as everywhere. */
const byName = (a: Dirent, b: Dirent) => (a.name < b.name ? -1 : 1)

const isBelow = (path: string, root: string) => `${path}${sep}`.startsWith(`${root}${sep}`)

const leadsOut = (name: string) =>
  sourceRefused(
    `${quoteTruncated(name, 200)} leads out of the folders of TRAINYARD_DATA_ROOTS by a link`,
  )

const tooLarge = (message: string) => new TrainyardError('DATASET_TOO_LARGE', message)

/** Null if there is no such path. */
function unreadable(error: unknown, path: string): null {
  if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return null
  throw unreadableFile(error, path)
}

const unreadableFile = (error: unknown, name: string) =>
  sourceFailed(
    `the server cannot read ${quoteTruncated(name, 200)} (${errorCode(error) ?? 'unknown error'})`,
    error,
  )
