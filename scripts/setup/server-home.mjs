// An installed package has no packages of the server beside it: npm would install them for everyone who only wants the
// command line, and run the script of one that downloads another TensorFlow. So the first start makes a home for the
// server: a folder of the user with the program and, by set-up, its packages.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { isCheckout, root } from './places.mjs'
import { say } from './progress.mjs'
import { serverManifest } from './server-packages.mjs'

/** An installed package, and not the home that was made of one. */
export const isPackage = !isCheckout && !existsSync(join(root, 'package-lock.json'))

const homesFolder = () =>
  join(process.env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'trainyard', 'servers')

/** Where the server of this package belongs: another build has another home. */
export function serverHome() {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const build = createHash('sha256')
    .update(readFileSync(join(root, 'dist', '.inputs')))
    .update(readFileSync(serverManifest('package-lock.json')))
    .digest('hex')
    .slice(0, 8)
  return join(homesFolder(), `${version}-${build}`)
}

/** Returns the home; copies the program into it if there is none. */
export async function ensureServerHome() {
  const home = serverHome()
  if (existsSync(home)) return home
  const folder = dirname(home)
  await mkdir(folder, { recursive: true })
  const former = (await readdir(folder)).filter(name => !name.startsWith('.'))
  const staging = await mkdtemp(join(folder, '.new-'))
  try {
    const names = (await readdir(root)).filter(
      name => !['node_modules', 'package.json'].includes(name),
    )
    for (const name of names) await cp(join(root, name), join(staging, name), { recursive: true })
    for (const name of ['package.json', 'package-lock.json']) {
      await writeFile(join(staging, name), readFileSync(serverManifest(name)))
    }
    await rename(staging, home)
  } catch (error) {
    // another process has made it meanwhile
    if (!existsSync(home)) throw error
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
  say(`the server's program is in ${home}`)
  if (former.length > 0) {
    say(
      `once no server of a former version runs, you can remove: ${former.map(name => join(folder, name)).join(' ')}`,
    )
  }
  return home
}
